import { expect, test } from "bun:test";
import { checkFigures } from "../../src/bench/dsl.ts";
import generator from "../generator.ts";

test("bench generator: a quick run measures closed and open loops, and what has a goal", async () => {
  const context = { dir: "", seed: 1, quick: true, progress: () => {} };
  const figures = checkFigures("generator", await generator.run(context));
  expect(figures.filter(({ goal }) => goal !== null).map(({ name }) => name)).toEqual([
    "puts of 256 B, 256 in flight",
    "gets, 256 in flight",
    "open loop of 50,000/s, constant arrivals: lateness p99",
    "open loop of 50,000/s, Poisson arrivals: lateness p99",
  ]);
  expect(figures.every(({ value }) => value >= 0)).toBe(true);
}, 120_000);
