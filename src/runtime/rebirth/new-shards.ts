import { CONTROLLER_GROUP, type ShardConfig } from "../../kv/shard-config.ts";
import { type FoundShard, rebornController, rebornGroup } from "../../kv/shards-reborn.ts";
import { asGroup, GROUP_1 } from "../../lib/ids.ts";
import type { Sharding } from "../sharding.ts";
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
