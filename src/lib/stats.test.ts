import { expect, test } from "bun:test";
import {
  detectableBetween,
  detectableShift,
  median,
  percentile,
  standardDeviation,
} from "./stats.ts";

test("stats: the median of an even count is between the middle two", () => {
  expect(median([9, 1, 4, 2])).toBe(3);
  expect(median([5])).toBe(5);
});

test("stats: percentiles are interpolated, and the ends are the extremes", () => {
  const values = [40, 10, 30, 20];
  expect(percentile(values, 0)).toBe(10);
  expect(percentile(values, 1)).toBe(40);
  expect(percentile(values, 0.25)).toBe(17.5);
  expect(() => percentile([], 0.5)).toThrow("of 0 values");
});

test("stats: the standard deviation is that of a sample", () => {
  expect(standardDeviation([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(Math.sqrt(32 / 7), 12);
  expect(standardDeviation([3])).toBe(0);
});

test("stats: what would be found between two samples takes both their noises; of one value none is known", () => {
  const wide = [-1, 1, -1, 1];
  const known = detectableBetween(wide, wide)!;
  expect(known).toBeCloseTo(detectableShift(wide)! * Math.SQRT2, 12);
  expect(detectableBetween(wide, [0, 0])).toBeCloseTo(detectableShift(wide)!, 12);
  expect([detectableShift([1]), detectableBetween([1], wide)]).toEqual([null, null]);
});
