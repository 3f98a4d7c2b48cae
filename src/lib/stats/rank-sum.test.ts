import { expect, test } from "bun:test";
import { Prng } from "../prng.ts";
import { doubledRanks } from "./ranks.ts";
import { hodgesLehmannShift, rankSumTest } from "./rank-sum.ts";
import { normal } from "./testing/normal.ts";

/** All choices of which values are the first sample's, counted one by one. */
function pByEnumeration(first: readonly number[], second: readonly number[]): number {
  const ranks = doubledRanks([...first, ...second]);
  const observed = ranks.slice(0, first.length).reduce((sum, rank) => sum + rank, 0);
  let [all, low, high] = [0, 0, 0];
  for (let set = 0; set < 2 ** ranks.length; set++) {
    const chosen = ranks.filter((_, i) => ((set >> i) & 1) === 1);
    if (chosen.length !== first.length) continue;
    const sum = chosen.reduce((total, rank) => total + rank, 0);
    all++;
    if (sum <= observed) low++;
    if (sum >= observed) high++;
  }
  return Math.min(1, (2 * Math.min(low, high)) / all);
}

test("rank sum: the critical values are those of the published table", () => {
  // The largest U that is significant two-sided at 0.05 (Mann and Whitney 1947; Auble 1953).
  const table: readonly (readonly [number, number, number])[] = [
    [4, 4, 0],
    [5, 5, 2],
    [5, 8, 6],
    [6, 6, 5],
    [7, 7, 8],
    [8, 8, 13],
    [8, 10, 17],
    [10, 10, 23],
    [12, 12, 37],
    [15, 15, 64],
    [20, 20, 127],
  ];
  for (const [m, n, critical] of table) {
    expect(rankSumTest(...withU(m, n, critical)).p, `${m} and ${n}`).toBeLessThanOrEqual(0.05);
    expect(rankSumTest(...withU(m, n, critical + 1)).p, `${m} and ${n}`).toBeGreaterThan(0.05);
  }
});

/** Samples of which the first beats the second in `u` of the pairs. */
function withU(m: number, n: number, u: number): readonly [number[], number[]] {
  const second = Array.from({ length: n }, (_, i) => i + 1);
  let rest = u;
  const first = Array.from({ length: m }, (_, i) => {
    const beats = Math.min(n, rest);
    rest -= beats;
    return beats + 0.5 + i / 1000;
  });
  expect(rankSumTest(first, second).u).toBe(u);
  return [first, second];
}

test("rank sum: the permeability data of Hollander and Wolfe give the book's result", () => {
  const term = [0.8, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
  const early = [1.15, 0.88, 0.9, 0.74, 1.21];
  const { u, p } = rankSumTest(term, early);
  expect(u).toBe(35);
  expect(p).toBeCloseTo(2 * 0.1272, 4);
  const { estimate, low, high } = hodgesLehmannShift(early, term, 0.05);
  expect(estimate).toBeCloseTo(0.305, 9);
  expect(low).toBeCloseTo(-0.15, 9);
  expect(high).toBeCloseTo(0.76, 9);
});

test("rank sum: p is that of counting all choices, with ties too", () => {
  const prng = new Prng(4);
  for (let round = 0; round < 100; round++) {
    const sample = (): number[] =>
      Array.from({ length: prng.between(1, 5) }, () => prng.between(1, 5));
    const [first, second] = [sample(), sample()];
    const expected = pByEnumeration(first, second);
    expect(rankSumTest(first, second).p, `${first.join()} | ${second.join()}`).toBeCloseTo(
      expected,
      12,
    );
    expect(rankSumTest(second, first).p).toBeCloseTo(expected, 12);
  }
});

test("rank sum: the interval holds exactly the shifts that the test does not reject", () => {
  const prng = new Prng(9);
  for (const [m, n, alpha] of [
    [5, 5, 0.05],
    [4, 9, 0.0294],
    [12, 7, 0.01],
  ] as const) {
    const from = Array.from({ length: m }, () => normal(prng));
    const to = Array.from({ length: n }, () => normal(prng) + 1);
    const { low, high } = hodgesLehmannShift(from, to, alpha);
    const pAt = (shift: number): number =>
      rankSumTest(
        from,
        to.map((value) => value - shift),
      ).p;
    const nudge = 1e-9;
    expect(pAt(low - nudge)).toBeLessThanOrEqual(alpha);
    expect(pAt(high + nudge)).toBeLessThanOrEqual(alpha);
    expect(pAt(low + nudge)).toBeGreaterThan(alpha);
    expect(pAt(high - nudge)).toBeGreaterThan(alpha);
  }
});

test("rank sum: a single value each way says so", () => {
  expect(rankSumTest([1], [2]).p).toBe(1);
  expect(hodgesLehmannShift([1], [3])).toEqual({ estimate: 2, low: 2, high: 2, confidence: 0 });
  expect(hodgesLehmannShift([1, 1.5], [3, 4, 5]).confidence).toBeCloseTo(0.8, 12);
});
