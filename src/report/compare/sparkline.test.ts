import { expect, test } from "bun:test";
import { sparkline } from "./sparkline.ts";

test("sparkline: lowest and highest are the ends, and noise of a few percent stays flat", () => {
  expect(sparkline([1, 2, 3, 4, 5, 6, 7, 8], 20)).toBe("▁▂▃▄▅▆▇█");
  expect(sparkline([100, 101, 99, 100], 20)).toMatch(/^[▄▅]+$/);
  expect(sparkline([5], 20)).toBe("▅");
  expect(sparkline([0, 0], 20)).toHaveLength(2);
  expect(sparkline([], 20)).toBe("");
});

test("sparkline: more values than columns are averaged, none is left out", () => {
  const values = Array.from({ length: 101 }, (_, i) => (i === 100 ? 1000 : 0));
  const line = sparkline(values, 10);
  expect(line).toHaveLength(10);
  expect(line.slice(0, 9)).toBe("▁".repeat(9));
  expect(line.at(-1)).not.toBe("▁");
});
