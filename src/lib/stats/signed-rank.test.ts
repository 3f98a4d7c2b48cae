import { expect, test } from "bun:test";
import { Prng } from "../prng.ts";
import { doubledRanks } from "./ranks.ts";
import { hodgesLehmann, signedRankPMin, signedRankTest, walshAverages } from "./signed-rank.ts";
import { normal } from "./testing/normal.ts";

/** All 2^n assignments of signs to the ranks, counted one by one. */
function pByEnumeration(values: readonly number[]): number {
  const ranks = doubledRanks(values.map(Math.abs)).filter((_, i) => values[i] !== 0);
  const signs = values.filter((value) => value !== 0).map((value) => value > 0);
  const total = ranks.reduce((sum, rank) => sum + rank, 0);
  const sumOf = (isPositive: (i: number) => boolean): number =>
    ranks.reduce((sum, rank, i) => (isPositive(i) ? sum + rank : sum), 0);
  const far = Math.abs(sumOf((i) => signs[i]!) - total / 2);
  let atLeast = 0;
  for (let set = 0; set < 2 ** ranks.length; set++) {
    if (Math.abs(sumOf((i) => ((set >> i) & 1) === 1) - total / 2) >= far) atLeast++;
  }
  return atLeast / 2 ** ranks.length;
}

test("signed rank: the critical values are those of the published table", () => {
  // The largest min(W+, W−) that is significant two-sided at 0.05 and 0.01 (Wilcoxon and Wilcox 1964).
  const table: readonly (readonly [number, number, number])[] = [
    [8, 3, 0],
    [9, 5, 1],
    [10, 8, 3],
    [11, 10, 5],
    [12, 13, 7],
    [13, 17, 9],
    [14, 21, 12],
    [15, 25, 15],
    [16, 29, 19],
    [18, 40, 27],
    [20, 52, 37],
    [24, 81, 61],
    [25, 89, 68],
  ];
  for (const [n, ...criticals] of table) {
    for (const [i, alpha] of [0.05, 0.01].entries()) {
      const p = (w: number): number => signedRankTest(withSum(n, w)).p;
      expect(p(criticals[i]!), `n ${n}`).toBeLessThanOrEqual(alpha);
      expect(p(criticals[i]! + 1), `n ${n}`).toBeGreaterThan(alpha);
    }
  }
});

/** Differences of sizes 1 … n whose positive ones add up to `w`. */
function withSum(n: number, w: number): number[] {
  let rest = w;
  const values: number[] = [];
  for (let size = n; size > 0; size--) {
    const isPositive = size <= rest;
    if (isPositive) rest -= size;
    values.push(isPositive ? size : -size);
  }
  expect(signedRankTest(values).wPlus).toBe(w);
  return values;
}

test("signed rank: the depression scores of Hollander and Wolfe give the book's result", () => {
  const first = [1.83, 0.5, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.3];
  const second = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
  const differences = first.map((value, i) => value - second[i]!);
  const { wPlus, p } = signedRankTest(differences);
  expect([wPlus, p]).toEqual([40, 0.0390625]);
  const { estimate, low, high } = hodgesLehmann(differences, 0.05);
  expect(estimate).toBeCloseTo(0.46, 9);
  expect(low).toBeCloseTo(0.01, 9);
  expect(high).toBeCloseTo(0.786, 9);
});

test("signed rank: p is that of counting all signs, with ties and zeros too", () => {
  const prng = new Prng(3);
  for (let round = 0; round < 200; round++) {
    const n = prng.between(1, 10);
    // Few sizes: mostly ties, and some zeros.
    const values = Array.from({ length: n }, () => prng.between(-4, 5));
    expect(signedRankTest(values).p, values.join(" ")).toBeCloseTo(pByEnumeration(values), 12);
  }
});

test("signed rank: zeros take their ranks with them (Pratt)", () => {
  // Ranks 1.5, 1.5 are the zeros'; 3, 4, 5 are left: 1 of 8 sums is as low as 0, and 1 as high as 12.
  expect(signedRankTest([0, 0, 2, 3, 4])).toEqual({ wPlus: 12, p: 0.25 });
  // −1 has rank 3 of 5, not 1 of 3: 4 + 5 are left for the others.
  expect(signedRankTest([0, 0, -1, 3, 4]).wPlus).toBe(9);
  expect(signedRankTest([0, 0, 0])).toEqual({ wPlus: 0, p: 1 });
});

test("signed rank: the interval holds exactly the centres that the test does not reject", () => {
  const prng = new Prng(8);
  for (const [n, alpha] of [
    [6, 0.05],
    [9, 0.0294],
    [12, 0.0294],
    [12, 0.0001],
    [24, 0.0294],
  ] as const) {
    const values = Array.from({ length: n }, () => normal(prng));
    const { low, high } = hodgesLehmann(values, alpha);
    const pAt = (centre: number): number => signedRankTest(values.map((v) => v - centre)).p;
    const nudge = 1e-9;
    if (2 ** (1 - n) <= alpha) {
      expect(pAt(low - nudge)).toBeLessThanOrEqual(alpha);
      expect(pAt(high + nudge)).toBeLessThanOrEqual(alpha);
    }
    expect(pAt(low + nudge)).toBeGreaterThan(alpha);
    expect(pAt(high - nudge)).toBeGreaterThan(alpha);
  }
});

test("signed rank: too few values have an interval as wide as they are, and say how sure it is", () => {
  expect(hodgesLehmann([1, 2, 3], 0.05)).toEqual({
    estimate: 2,
    low: 1,
    high: 3,
    confidence: 0.75,
  });
  expect(hodgesLehmann([4], 0.05)).toEqual({ estimate: 4, low: 4, high: 4, confidence: 0 });
  expect(hodgesLehmann([1, 2, 3, 4, 5, 6], 0.05).confidence).toBe(0.96875);
});

test("signed rank: the interval covers the centre as often as it says", () => {
  const prng = new Prng(21);
  let covered = 0;
  const rounds = 2000;
  for (let i = 0; i < rounds; i++) {
    const { low, high } = hodgesLehmann(
      Array.from({ length: 12 }, () => normal(prng)),
      0.0294,
    );
    if (low <= 0 && high >= 0) covered++;
  }
  // Exactly 0.9731; the standard error of 2000 rounds is 0.0036.
  expect(covered / rounds).toBeGreaterThan(0.96);
  expect(covered / rounds).toBeLessThan(0.986);
});

test("signed rank: the smallest p is that of values of one sign", () => {
  for (const n of [1, 2, 7, 12]) {
    const values = Array.from({ length: n }, (_, i) => i + 1);
    expect(signedRankTest(values).p).toBe(signedRankPMin(n));
  }
});

test("Hodges-Lehmann: shrugs off an outlier that moves the mean", () => {
  expect(hodgesLehmann([1, 2, 3]).estimate).toBe(2);
  expect(hodgesLehmann([1, 2, 3, 4, 1000]).estimate).toBe(3);
  expect([...walshAverages([1, 5, 2])]).toEqual([1, 1.5, 2, 3, 3.5, 5]);
});
