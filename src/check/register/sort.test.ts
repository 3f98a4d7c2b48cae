import { expect, test } from "bun:test";
import { Prng } from "../../lib/prng.ts";
import { indexesByRank } from "./sort.ts";

const sorted = (ranks: readonly number[]): number[] => {
  const column = Int32Array.from(ranks);
  return Array.from(indexesByRank(column), (i) => column[i]!);
};

test("sort: any ranks come out in order, however they are spread", () => {
  const random = new Prng(1);
  const spreads: Readonly<Record<string, () => number>> = {
    even: () => random.below(1_000_000),
    dense: () => random.below(500),
    wide: () => random.below(2 ** 31 - 1),
    uneven: () => (random.chance(0.9) ? random.below(300) : 2 ** 31 - 1 - random.below(10)),
  };
  for (const [name, draw] of Object.entries(spreads)) {
    for (const count of [0, 1, 2, 7, 1000]) {
      const ranks = Array.from({ length: count }, draw);
      const label = `${name}, ${count}`;
      expect([label, ...sorted(ranks)]).toEqual([label, ...ranks.toSorted((a, b) => a - b)]);
    }
  }
});

test("sort: every index comes out once", () => {
  const ranks = Int32Array.from({ length: 1000 }, (_, i) => (i * 7919) % 503);
  const indexes = [...indexesByRank(ranks)];
  expect(indexes.toSorted((a, b) => a - b)).toEqual([...ranks.keys()]);
});
