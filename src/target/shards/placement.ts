import { CONTROLLER_GROUP, SHARDS_MAX } from "../../kv/shard-config.ts";
import type { Problem } from "../../lib/user-error.ts";
import type { Sharding } from "../../runtime/sharding.ts";
import type { Sharded } from "../target.ts";

/** Groups of shards of one cluster, those that have not joined too: more take memory for nothing here. */
export const GROUPS_MAX = 2_000;

/**
 * Which groups run on which nodes at first: group 1, the controller, on all; the others, those that have not
 * joined too, on `replicas` nodes each, round robin.
 */
export function placement(sharded: Sharded, nodeIds: readonly number[]): Sharding {
  const { shards, groups, replicas, idleGroups = 0 } = sharded;
  const placed: [string, readonly number[]][] = [[String(CONTROLLER_GROUP), nodeIds]];
  for (let i = 0; i < groups + idleGroups; i++) {
    const nodes = Array.from({ length: replicas }, (_, n) => nodeIds[(i + n) % nodeIds.length]!);
    placed.push([String(firstGroup + i), nodes.sort((a, b) => a - b)]);
  }
  return { shards, groups: Object.fromEntries(placed) };
}

const firstGroup = CONTROLLER_GROUP + 1;

/** Ids of the groups that join at the start, and of those that only run. */
export const groupIds = ({ groups, idleGroups = 0 }: Sharded) => ({
  joined: Array.from({ length: groups }, (_, i) => firstGroup + i),
  idle: Array.from({ length: idleGroups }, (_, i) => firstGroup + groups + i),
});

/** What is wrong with it on so many nodes. */
export function shardedProblems(sharded: Sharded, nodes: number): readonly Problem[] {
  const { shards, groups, replicas, idleGroups = 0 } = sharded;
  const problems: Problem[] = [];
  const within = (where: string, value: number, min: number, max: number): void => {
    if (Number.isInteger(value) && value >= min && value <= max) return;
    problems.push({ where, what: `is ${value}`, fix: `use a whole number from ${min} to ${max}` });
  };
  within("shards", shards, 1, SHARDS_MAX);
  within("groups", groups, 1, GROUPS_MAX);
  within("replicas", replicas, 1, nodes);
  within("idle groups", idleGroups, 0, GROUPS_MAX - Math.min(groups, GROUPS_MAX));
  return problems;
}
