import { expect, test } from "bun:test";
import { Prng } from "../lib/prng.ts";
import { rebalance } from "./rebalance.ts";
import { NO_GROUP } from "./shard-config.ts";

const group = (id: number) => ({ id, nodes: [1, 2, 3] });

const counts = (shards: readonly number[], groups: readonly number[]): number[] =>
  groups.map((id) => shards.filter((owner) => owner === id).length);

const moved = (before: readonly number[], after: readonly number[]): number =>
  before.filter((owner, shard) => after[shard] !== owner).length;

/** By trying every way to give out the odd shards: what no rebalance can do with fewer moves. */
function fewestMoves(shards: readonly number[], groups: readonly number[]): number {
  const least = Math.floor(shards.length / groups.length);
  const odd = shards.length % groups.length;
  const has = counts(shards, groups);
  let best = Infinity;
  const tryFrom = (at: number, left: number, kept: number): void => {
    if (at === groups.length) {
      if (left === 0) best = Math.min(best, shards.length - kept);
      return;
    }
    tryFrom(at + 1, left, kept + Math.min(has[at]!, least));
    if (left > 0) tryFrom(at + 1, left - 1, kept + Math.min(has[at]!, least + 1));
  };
  tryFrom(0, odd, 0);
  return best;
}

test("rebalance: without groups nobody owns a shard", () => {
  expect(rebalance([2, 2, 3], [])).toEqual([NO_GROUP, NO_GROUP, NO_GROUP]);
});

test("rebalance: a group that joins takes its share, and no more, from those that have most", () => {
  expect(rebalance([2, 2, 2, 2, 2, 2, 2], [2, 3].map(group))).toEqual([2, 2, 2, 2, 3, 3, 3]);
  expect(rebalance([2, 2, 2, 2, 3, 3, 3], [2, 3, 4].map(group))).toEqual([2, 2, 2, 4, 3, 3, 4]);
});

test("rebalance: what a group leaves behind goes to the others", () => {
  expect(rebalance([2, 2, 2, 4, 3, 3, 4], [2, 4].map(group))).toEqual([2, 2, 2, 4, 2, 4, 4]);
});

test("rebalance: more groups than shards leaves some without, and moves nothing", () => {
  expect(rebalance([5, 6], [2, 5, 6].map(group))).toEqual([5, 6]);
});

// Issue 9: "the minimal-move property holds over 10,000 random join/leave/move sequences".
test("rebalance: over 10,000 random sequences, balanced and with as few moves as there can be", () => {
  for (let seed = 1; seed <= 10_000; seed++) {
    const prng = new Prng(seed);
    const count = 1 + prng.below(16);
    let shards: readonly number[] = new Array<number>(count).fill(NO_GROUP);
    let groups: number[] = [];
    for (let step = 0; step < 6; step++) {
      const before = groups;
      const wasBalanced = isBalanced(shards, groups);
      const draw = prng.below(5);
      if (draw === 0 && groups.length > 0) {
        shards = shards.with(prng.below(count), prng.pick(groups));
        continue; // A move: it stays until the next change.
      }
      const some = Array.from({ length: 1 + prng.below(3) }, () => 2 + prng.below(6));
      if (draw < 3) groups = [...new Set([...groups, ...some])].sort((a, b) => a - b);
      else groups = groups.filter((id) => !some.includes(id));
      const after = rebalance(shards, groups.map(group));
      const told = `seed ${seed} step ${step}: ${shards} to ${after}, groups ${before} to ${groups}`;

      if (groups.length === 0) {
        expect(after.every((owner) => owner === NO_GROUP)).toBe(true);
      } else {
        if (!isBalanced(after, groups)) throw new Error(`not balanced: ${told}`);
        const fewest = fewestMoves(shards, groups);
        if (moved(shards, after) !== fewest) throw new Error(`not ${fewest} moves: ${told}`);
        // Between balanced configs no shard moves from one group that stays to another.
        const stays = (id: number) => before.includes(id) && groups.includes(id);
        const swapped = shards.some(
          (owner, shard) => after[shard] !== owner && stays(owner) && stays(after[shard]!),
        );
        const onlyOneWay = before.every(stays) || groups.every((id) => before.includes(id));
        if (wasBalanced && onlyOneWay && swapped) throw new Error(`between two that stay: ${told}`);
      }
      shards = after;
    }
  }
});

const isBalanced = (shards: readonly number[], groups: readonly number[]): boolean => {
  const has = counts(shards, groups);
  const sum = has.reduce((a, b) => a + b, 0);
  return sum === shards.length && Math.max(...has) <= Math.min(...has) + 1;
};
