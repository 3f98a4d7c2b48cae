import { expect, test } from "bun:test";
import { median } from "../lib/stats.ts";
import {
  abba,
  lastConsumed,
  nsPerCall,
  p99,
  percentileByTime,
  pooledRatioOf,
  ratioOf,
  samplesOf,
} from "./measure.ts";

test("a loop: calls its body with rising numbers, gives a sample each time, consumes the results", () => {
  let calls = 0;
  const body = (i: number): number => {
    expect(i).toBe(calls++);
    return i;
  };
  const samples = nsPerCall(body, { warmupMs: 0, sampleMs: 0.01, samples: 4 });
  expect(samples.length).toBe(4);
  expect(samples.every((ns) => ns > 0)).toBe(true);
  expect(lastConsumed()).toBe(calls - 1);
});

test("pairs: each arm is tried once, and then the order is A B B A", async () => {
  const order: string[] = [];
  const arm = (name: string) => () => [order.push(name)];
  const rounds = await abba(arm("A"), arm("B"), 2);
  expect(order.join(" ")).toBe("A B A B B A A B B A");
  expect(rounds).toEqual([
    { a: [3, 6], b: [4, 5] },
    { a: [7, 10], b: [8, 9] },
  ]);
  expect(samplesOf(rounds, "a")).toEqual([3, 6, 7, 10]);
});

test("a ratio of pairs: a drift of the machine falls on both arms and cancels out", async () => {
  let speed = 1;
  const arm = (cost: number) => () => [cost * (speed *= 1.1)];
  const { ratio, low, high } = ratioOf(await abba(arm(3), arm(2), 20), median);
  expect(ratio).toBeCloseTo(1.5, 1);
  expect(low <= ratio && ratio <= high).toBe(true);
});

test("a ratio of tails: of all rounds together, with a spread that its seed decides", async () => {
  let i = 0;
  // Each arm's tail is in one round of ten only, so a round alone would tell of it or not.
  const arm = (tail: number) => () => Array.from({ length: 10 }, () => (i++ % 97 === 0 ? tail : 1));
  const rounds = await abba(arm(30), arm(10), 200);
  const ratio = pooledRatioOf(rounds, (samples) => Math.max(...samples), 1);
  expect(ratio).toEqual({ ratio: 3, low: 3, high: 3 });
  expect(pooledRatioOf(rounds, p99, 7)).toEqual(pooledRatioOf(rounds, p99, 7));
});

test("a quantile by time: one long gap weighs as much as the time it takes", () => {
  const gaps = [...Array.from({ length: 900 }, () => 1), 100];
  expect(percentileByTime(gaps, 0.5)).toBe(1);
  expect(percentileByTime(gaps, 0.95)).toBe(100);
  expect(percentileByTime([], 0.5)).toBe(0);
});
