import { expect, test } from "bun:test";
import { Prng } from "../prng.ts";
import { changePoints } from "./change-points.ts";
import { normal } from "./testing/normal.ts";
import { tTails, tTest } from "./t-test.ts";

test("t test: the tails are those of the published table", () => {
  // Two-sided 0.05, 0.01 and 0.001 by degrees of freedom.
  const table: readonly (readonly [number, number, number, number])[] = [
    [1, 12.706, 63.657, 636.619],
    [2, 4.303, 9.925, 31.599],
    [5, 2.571, 4.032, 6.869],
    [10, 2.228, 3.169, 4.587],
    [30, 2.042, 2.75, 3.646],
    [120, 1.98, 2.617, 3.373],
  ];
  for (const [freedom, ...criticals] of table) {
    for (const [i, p] of [0.05, 0.01, 0.001].entries()) {
      expect(tTails(criticals[i]!, freedom) / p).toBeCloseTo(1, 2);
    }
  }
  expect(tTails(0, 4)).toBe(1);
});

test("t test: two values say nothing of the noise, and level pieces without noise are told apart", () => {
  expect(tTest([1], [2])).toBe(1);
  expect(tTest([1, 1], [1, 1, 1])).toBe(1);
  expect(tTest([1, 1], [2, 2])).toBe(0);
});

// The series and what is found in it: tests/analysis_test.py of Apache Otava.
const OTAVA = [
  ...[1.02, 0.95, 0.99, 1.0, 1.12, 1.0, 1.01, 0.98, 1.01, 0.96],
  ...[0.5, 0.51, 0.48, 0.48, 0.55, 0.5, 0.49, 0.51, 0.5, 0.49],
];

test("change points: Apache Otava's own example has the one it has there", () => {
  const options = { window: 10, pMax: 0.0001 };
  expect(changePoints(OTAVA, options).map(({ index }) => index)).toEqual([10]);
  expect(changePoints(OTAVA).map(({ index }) => index)).toEqual([10]);
  const more = [...OTAVA, 0.47, 0.48, 0.45, 0.01, 0.1, 0.22];
  const found = changePoints(more, { pMax: 0.0001 });
  expect(found.map(({ index }) => index)).toEqual([10, 23]);
});

test("change points: the p value is that of the t test between the levels", () => {
  const steady = [1.0, 1.02, 1.05, 0.95, 0.98];
  expect(changePoints([...steady, ...steady])).toEqual([]);
  const [found] = changePoints([...steady, 0.8, 0.82, 0.85, 0.79, 0.77]);
  expect(found).toMatchObject({ index: 5, p: tTest(steady, [0.8, 0.82, 0.85, 0.79, 0.77]) });
  expect(found!.before).toBeCloseTo(1);
  expect(found!.after).toBeCloseTo(0.806);
});

test("change points: several, far apart and near, up and down, each at its place", () => {
  const prng = new Prng(11);
  const level = (value: number, count: number): number[] =>
    Array.from({ length: count }, () => value + 0.02 * normal(prng));
  const series = [...level(1, 60), ...level(1.2, 12), ...level(1, 40), ...level(0.8, 30)];
  expect(changePoints(series).map(({ index }) => index)).toEqual([60, 72, 112]);
});

/** How many of so many series of normal noise (σ 0.02) have changes just between these pieces: level, length. */
function exactOf(
  count: number,
  pieces: readonly (readonly [number, number])[],
  options: { readonly window?: number } = {},
): number {
  const ends = pieces.map((_, i) => pieces.slice(0, i + 1).reduce((sum, [, n]) => sum + n, 0));
  const wanted = ends.slice(0, -1).join();
  return Array.from({ length: count }, (_, seed) => {
    const prng = new Prng(seed);
    const values = pieces.flatMap(([level, length]) =>
      Array.from({ length }, () => level + 0.02 * normal(prng)),
    );
    return changePoints(values, options)
      .map(({ index }) => index)
      .join();
  }).filter((found) => found === wanted).length;
}

test("change points: a level that has just begun is found where it begins", () => {
  expect(
    exactOf(50, [
      [1, 12],
      [1.1, 4],
    ]),
  ).toBeGreaterThanOrEqual(46);
});

test("change points: a short level in a long series takes windows to be found", () => {
  const pieces = [
    [1, 200],
    [1.15, 10],
    [1, 200],
  ] as const;
  expect(exactOf(10, pieces)).toBeGreaterThanOrEqual(8);
  expect(exactOf(2, pieces, { window: 1000 })).toBeLessThan(2);
});

test("change points: one bad night is none", () => {
  const series = OTAVA.slice(0, 10).concat(OTAVA.slice(0, 10));
  expect(changePoints(series.with(9, 3))).toEqual([]);
});

test("change points: a series without any has one in less than one in twenty", () => {
  const prng = new Prng(5);
  let wrong = 0;
  for (let i = 0; i < 200; i++) {
    const series = Array.from({ length: 60 }, () => normal(prng));
    if (changePoints(series).length > 0) wrong++;
  }
  // The best of some sixty splits, each at 0.001.
  expect(wrong).toBeLessThan(10);
});

test("change points: of nothing, of one value, and of equal values there are none", () => {
  expect(changePoints([])).toEqual([]);
  expect(changePoints([1])).toEqual([]);
  expect(changePoints(Array.from({ length: 30 }, () => 7))).toEqual([]);
});
