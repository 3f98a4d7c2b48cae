import { NO_GROUP, type ShardConfig } from "../../kv/shard-config.ts";
import { newestCopies, rebornConfig } from "../../kv/shards-reborn.ts";
import type { Sharding } from "../sharding.ts";
import type { NewGroup } from "./new-life.ts";
import { newController, newGroupOfShards, shardingOf } from "./new-shards.ts";
import type { OldState } from "./old-state.ts";

/** What a survivor's disk knew of one group. */
export type OldGroupReport = {
  readonly group: number;
  /** Where its log ended, and in which term; up to `snapshotIndex` it is known to have been committed. */
  readonly lastIndex: number;
  readonly term: number;
  readonly snapshotIndex: number;
  /** The number of the shard config that it had come to. */
  readonly config: number;
  /** The shards whose newest copy is its own, and their keys. */
  readonly shards: readonly number[];
  readonly keys: number;
  /** Those of them that it had stopped serving: their new owner may have written to them. */
  readonly stale: readonly number[];
};

export type ShardsPlan = {
  readonly sharding: Sharding;
  readonly groups: readonly NewGroup[];
  readonly reports: readonly OldGroupReport[];
  /** Shards of which nothing is here, and who had them: they begin empty. */
  readonly lost: readonly LostShard[];
};
export type LostShard = {
  readonly shard: number;
  readonly group: number;
  /** Where that group was. */
  readonly nodes: readonly number[];
};

/**
 * What becomes of a sharded cluster of which node `id` is all that is left: each shard stays with the group that has
 * its newest copy (kv/shards-reborn.ts), whatever was under way; groups without one are no more.
 */
export function planShards(
  old: Extract<OldState, { readonly kind: "sharded" }>,
  id: number,
): ShardsPlan {
  const found = newestCopies(old.groups);
  const before = old.groups
    .map(({ machine }) => machine.config)
    .reduce((a, b) => (a.num >= b.num ? a : b), old.controller.config);
  const kept = [...new Set([...found.values()].map(({ group }) => group))].sort((a, b) => a - b);
  // A config that has a number has given every shard to somebody.
  const lost = before.num === 0 ? [] : missing(before, found);
  const owners = before.shards.map((_, shard) => found.get(shard)?.group ?? NO_GROUP);
  if (kept.length > 0) lost.forEach(({ shard }, i) => (owners[shard] = kept[i % kept.length]!));
  const groups = kept.map((group) => ({ id: group, nodes: [id] }));
  const config = rebornConfig(before.num, owners, groups);
  const termOf = new Map(old.groups.map(({ group, term }) => [Number(group), term]));
  const reports = old.groups.map(({ machine, group, lastIndex, term, snapshotIndex }) => {
    const own = [...found].filter(([, one]) => one.group === group).sort(([a], [b]) => a - b);
    return {
      ...{ group, lastIndex, term, snapshotIndex, config: machine.config.num },
      shards: own.map(([shard]) => shard),
      keys: own.reduce((sum, [, { store }]) => sum + store.store.size, 0),
      stale: own.filter(([, { state }]) => state === "frozen").map(([shard]) => shard),
    };
  });
  return {
    sharding: shardingOf(config, [id]),
    groups: [
      newController(config, old.first, [id]),
      ...groups.map((one) => newGroupOfShards(one, config, { term: termOf.get(one.id)! }, found)),
    ],
    reports,
    lost,
  };
}

const missing = (config: ShardConfig, found: ReadonlyMap<number, unknown>): LostShard[] =>
  config.shards.flatMap((group, shard) => {
    if (found.has(shard)) return [];
    return [{ shard, group, nodes: config.groups.find((one) => one.id === group)?.nodes ?? [] }];
  });
