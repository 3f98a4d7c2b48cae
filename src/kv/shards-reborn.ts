import { ConfigReader } from "./config-snapshot.ts";
import { SessionTable } from "./session-table.ts";
import type { SessionedStore } from "./sessions.ts";
import { NO_GROUP, type ShardConfig } from "./shard-config.ts";
import { ShardCopies } from "./shard-copies.ts";
import type { ShardKv } from "./shard-kv.ts";
import type { ShardsReport, ShardState } from "./shard-ops.ts";
import { ShardsReader } from "./shards-snapshot.ts";
import type { SnapshotReader } from "./state-machine.ts";
import { newResult } from "./store.ts";

/**
 * Configs that a new life of the shards leaves out. A session of a shard has the number of the config that brought
 * the shard to its group in it (shard-kv.ts): those that clients of the old cluster opened, or may yet open there,
 * under that many more configs, can so never be numbers of the new one.
 */
export const CONFIG_GAP = 100;

/** A shard's data, and the group that has them. */
export type FoundShard = {
  readonly group: number;
  /** As in ShardsReport. A frozen one may be older than what another group made of it. */
  readonly state: Exclude<ShardState["state"], "arriving">;
  readonly store: SessionedStore;
};

/**
 * What is under way in a group at config `num`, in words, or null: of every shard that it has to do with, all is here,
 * or has gone. When all groups of a config say so of that config, each at a moment of its own, then together
 * they hold each shard once, with all that was acknowledged before the first of these moments: by one config
 * a shard is one group's, and nobody else had it in between (docs/adr/0026).
 */
export function unrest({ group, num: at, shards }: ShardsReport, num: number): string | null {
  if (at !== num) return `group ${group} is at config ${at} of ${num}`;
  const moving = shards.find(({ state }) => state === "arriving" || state === "leaving");
  return moving === undefined ? null : `shard ${moving.shard} is ${moving.state} at group ${group}`;
}

/**
 * The newest copy of each shard that the groups hold, by shard: of two that which a later config brought there,
 * since it holds all that the other did when it was frozen. What is arriving and not all there counts for nothing.
 */
export function newestCopies(
  groups: Iterable<{ readonly group: number; readonly machine: Pick<ShardKv, "copies"> }>,
): ReadonlyMap<number, FoundShard> {
  const newest = new Map<number, FoundShard & { readonly epoch: number }>();
  for (const { group, machine } of groups) {
    for (const { shard, state, epoch, store } of machine.copies()) {
      if (epoch < (newest.get(shard)?.epoch ?? 0)) continue;
      newest.set(shard, { group, state, epoch, store });
    }
  }
  return newest;
}

/** The first config of a new life: the next after `num` that no old client can know. */
export const rebornConfig = (
  num: number,
  shards: ShardConfig["shards"],
  groups: ShardConfig["groups"],
): ShardConfig => ({ num: num + CONFIG_GAP, shards, groups });

/** A shard controller's state: `config`, and none before it in which anybody had anything. */
export function rebornController(config: ShardConfig): SnapshotReader {
  const nobody = { shards: config.shards.map(() => NO_GROUP), groups: [] };
  const before = Array.from({ length: config.num }, (_, num) => ({ num, ...nobody }));
  return new ConfigReader([...before, config], new SessionTable(1));
}

/** The state of `group` by `config`, which has just brought it all its shards; one of which `found` has none is empty. */
export function rebornGroup(
  group: number,
  config: ShardConfig,
  found: ReadonlyMap<number, Pick<FoundShard, "store">>,
): SnapshotReader {
  const copies = new ShardCopies(group, config, newResult());
  for (const [shard, owner] of config.shards.entries()) {
    if (owner === group) copies.copies[shard] = copies.newCopy(config.num, found.get(shard)?.store);
  }
  return new ShardsReader(copies);
}
