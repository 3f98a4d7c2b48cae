import { expect, test } from "bun:test";
import { median, percentile } from "./stats.ts";

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
