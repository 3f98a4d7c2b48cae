import { CONTROLLER_GROUP, type ShardConfig } from "../../kv/shard-config.ts";
import {
  type FoundShard,
  rebornConfig,
  rebornController,
  rebornGroup,
} from "../../kv/shards-reborn.ts";
import { asGroup, GROUP_1 } from "../../lib/ids.ts";
import type { Sharding } from "../sharding.ts";
import type { ShardedBackup } from "./backup-shards.ts";
import {
  newBeginning,
  newBeginningOfShards,
  type NewGroup,
  type OldPlace,
  piecesFrom,
} from "./new-life.ts";

/** How a cluster that begins with `config` is sharded; `voters`: its nodes, on each of which the controller is. */
export const shardingOf = (
  { shards, groups }: ShardConfig,
  voters: readonly number[],
): Sharding => ({
  shards: shards.length,
  groups: Object.fromEntries([
    [String(CONTROLLER_GROUP), voters],
    ...groups.map(({ id, nodes }) => [String(id), nodes]),
  ]),
});

/** The shard controller of such a cluster. */
export const newController = (
  config: ShardConfig,
  old: OldPlace,
  voters: readonly number[],
): NewGroup => ({
  group: GROUP_1,
  meta: newBeginning(old, voters),
  state: () => piecesFrom(rebornController(config)),
});

/** One of its groups of shards, with what was found of them. */
export const newGroupOfShards = (
  { id, nodes }: ShardConfig["groups"][number],
  config: ShardConfig,
  old: Pick<OldPlace, "term">,
  found: ReadonlyMap<number, Pick<FoundShard, "store">>,
): NewGroup => ({
  group: asGroup(id),
  meta: newBeginningOfShards(old, nodes),
  state: () => piecesFrom(rebornGroup(id, config, found)),
});

/**
 * What a backup becomes on nodes that all vote. Groups keep their ids and their shards; they are placed round robin, on as
 * many nodes each as they had, or as there are. One after the other is loaded: all of them need not fit the memory.
 */
export function shardsOnNodes(
  { config: before, parts, load }: Omit<ShardedBackup, "meta">,
  voters: readonly number[],
): { readonly sharding: Sharding; readonly groups: Iterable<NewGroup> } {
  const groups = before.groups.map(({ id, nodes }, i) => {
    const on = nodes.slice(0, voters.length).map((_, n) => voters[(i + n) % voters.length]!);
    return { id, nodes: on.sort((a, b) => a - b) };
  });
  const config = rebornConfig(before.num, before.shards, groups);
  const partOf = new Map(parts.map((part) => [part.group, part]));
  const { index: lastIndex, term } = partOf.get(GROUP_1)!;
  const newGroups = function* (): Iterable<NewGroup> {
    yield newController(config, { lastIndex, term }, voters);
    for (const group of groups) {
      yield newGroupOfShards(group, config, partOf.get(group.id)!, load(group.id));
    }
  };
  return { sharding: shardingOf(config, voters), groups: newGroups() };
}
