import { NO_GROUP, type ShardConfig } from "./shard-config.ts";

/**
 * Spreads the shards over the groups: no group has more than one shard more than another, and no fewer
 * moves lead there. Deterministic: every replica of the controller comes to the same answer.
 *
 * The groups that have the most keep the odd shards, so that a group gives only what it has above its
 * share. A group gives its highest shards; groups take in the order of their ids.
 *
 * 7 shards [2,2,2,2,2,2,2], group 3 joins: [2,2,2,2,3,3,3].
 */
export function rebalance(
  shards: readonly number[],
  groups: ShardConfig["groups"],
): readonly number[] {
  if (groups.length === 0) return shards.map(() => NO_GROUP);
  const owned = new Map<number, number[]>(groups.map(({ id }) => [id, []]));
  const homeless: number[] = [];
  for (const [shard, group] of shards.entries()) (owned.get(group) ?? homeless).push(shard);

  const quotas = quotasOf(owned, shards.length);
  for (const [group, has] of owned) homeless.push(...has.splice(quotas.get(group)!));
  homeless.sort((a, b) => a - b);

  const next = [...shards];
  for (const [group, has] of [...owned].sort(([a], [b]) => a - b)) {
    const wanted = quotas.get(group)! - has.length;
    for (const shard of homeless.splice(0, wanted)) next[shard] = group;
  }
  return next;
}

/** How many shards each group is to have: the odd ones stay with those that have the most. */
function quotasOf(
  owned: ReadonlyMap<number, readonly number[]>,
  shards: number,
): ReadonlyMap<number, number> {
  const least = Math.floor(shards / owned.size);
  const odd = shards % owned.size;
  const byCount = [...owned].sort(([a, has], [b, had]) => had.length - has.length || a - b);
  return new Map(byCount.map(([group], rank) => [group, least + (rank < odd ? 1 : 0)]));
}
