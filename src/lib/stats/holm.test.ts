import { expect, test } from "bun:test";
import { detectableShift, standardDeviation } from "../stats.ts";
import { holm } from "./holm.ts";

test("Holm: a worked example, whatever the order", () => {
  // 4 × 0.005, 3 × 0.01, then 0.04 by 2 × 0.03 = 0.06 at least.
  const expected = [0.03, 0.06, 0.06, 0.02];
  expect(holm([0.01, 0.04, 0.03, 0.005]).map((p) => Number(p.toFixed(9)))).toEqual(expected);
});

test("Holm: one is left as it is, none gives none, and none is above 1", () => {
  expect(holm([0.02])).toEqual([0.02]);
  expect(holm([])).toEqual([]);
  expect(holm([0.6, 0.9, 0.7])).toEqual([1, 1, 1]);
});

test("detectable shift: 24 pairs of σ 0.16 find 9.3 %, 12 find 13.2 %", () => {
  // Differences whose standard deviation is 0.16.
  const pairs = (n: number): number[] => {
    const wide = Array.from({ length: n }, (_, i) => (i % 2 === 0 ? 1 : -1));
    return wide.map((value) => (0.16 * value) / standardDeviation(wide));
  };
  expect(detectableShift(pairs(24))).toBeCloseTo(0.0933, 4);
  expect(detectableShift(pairs(12))).toBeCloseTo(0.1319, 4);
});
