import { expect, test } from "bun:test";
import type { Metric } from "./comparison.ts";
import { change, compareLots, comparePairs, judge, limitOf, type Unjudged } from "./judge.ts";
import { LOOK_ALPHA } from "./runs.ts";
import { P50, THROUGHPUT } from "./testing/pairs.ts";

/** 12 pairs of a latency of 1000 µs, worse by `worse` (ln) and up to `spread` either way. */
const latency = (worse: number, spread: number, metric: Metric = P50): Unjudged =>
  comparePairs(
    metric,
    Array.from({ length: 12 }, (_, i) => ({
      base: 1000,
      head: 1000 * Math.exp(worse + (spread * (i - 5.5)) / 5.5),
    })),
    LOOK_ALPHA,
  );
const verdictOf = (one: Unjudged): string => judge([one], LOOK_ALPHA)[0]!.verdict;

test("judge: + is worse, whichever direction is better", () => {
  expect(change(P50, { base: 100, head: 120 })).toBeCloseTo(Math.log(1.2));
  expect(change(THROUGHPUT, { base: 100, head: 120 })).toBeCloseTo(-Math.log(1.2));
  expect(change(P50, { base: 0, head: 0 })).toBe(0);
});

test("judge: a limit is θ, or the floor where that is more", () => {
  expect(limitOf(P50, 1000)).toBeCloseTo(Math.log(1.1));
  expect(limitOf(THROUGHPUT, 1000)).toBeCloseTo(-Math.log(0.9));
  const floored = { ...P50, floor: 50 };
  expect(limitOf(floored, 1000)).toBeCloseTo(Math.log(1.1));
  expect(limitOf(floored, 100)).toBeCloseTo(Math.log(1.5));
  // A drop by more than there is cannot happen.
  expect(limitOf({ ...THROUGHPUT, floor: 50 }, 40)).toBeGreaterThan(10);
});

test("judge: regressed takes certainty and θ; pass takes an interval below θ", () => {
  expect(verdictOf(latency(0.2, 0.05))).toBe("regressed");
  // Certain, but too small to matter.
  expect(verdictOf(latency(0.05, 0.03))).toBe("pass");
  // Large enough to matter, but by chance perhaps.
  expect(verdictOf(latency(0.2, 0.6))).toBe("inconclusive");
  // Certainly worse, and perhaps by more than θ.
  expect(verdictOf(latency(0.085, 0.08))).toBe("inconclusive");
  expect(verdictOf(latency(0, 0.05))).toBe("pass");
  expect(verdictOf(latency(-0.2, 0.05))).toBe("improved");
  expect(verdictOf(latency(-0.05, 0.02))).toBe("pass");
});

test("judge: a change below the floor is no regression, however sure", () => {
  expect(verdictOf(latency(0.2, 0.05, { ...P50, floor: 500 }))).toBe("pass");
  expect(verdictOf(latency(0.6, 0.05, { ...P50, floor: 500 }))).toBe("regressed");
});

test("judge: what is not gated is shown, and does not count for Holm", () => {
  const shown = latency(0.5, 0.01, { ...P50, name: "p99.9", gated: false });
  const [first, second] = judge([shown, latency(0.2, 0.05)], LOOK_ALPHA);
  expect(first).toMatchObject({ verdict: "shown", pHolm: 1 });
  expect(second).toMatchObject({ verdict: "regressed", pHolm: second!.p });
});

test("judge: one of many metrics needs to be surer (Holm)", () => {
  // 11 of 12 pairs the same way: p 0.0034 to 0.0068.
  const pairs = [-0.05, ...Array.from({ length: 11 }, (_, i) => 0.15 + i / 100)];
  const one = comparePairs(
    P50,
    pairs.map((d) => ({ base: 1000, head: 1000 * Math.exp(d) })),
    LOOK_ALPHA,
  );
  expect(one.p).toBeCloseTo(4 / 4096, 9);
  expect(verdictOf(one)).toBe("regressed");
  const still = (i: number): Unjudged => latency(0, 0.05, { ...P50, name: `still ${i}` });
  const others = Array.from({ length: 39 }, (_, i) => still(i));
  const [found] = judge([one, ...others], LOOK_ALPHA);
  expect(found).toMatchObject({ pHolm: expect.closeTo((40 * 4) / 4096, 9) as number });
  expect(found!.verdict).toBe("inconclusive");
});

test("judge: lots that were not interleaved are compared by ranks, and single runs only shown", () => {
  const base = [100, 101, 102, 103, 104, 105];
  const found = compareLots(P50, { base, head: base.map((value) => value * 1.3) }, 0.05);
  expect(found.estimate).toBeCloseTo(Math.log(1.3), 9);
  expect(found.p).toBeCloseTo(2 / 924, 9);
  expect(found.low).toBeGreaterThan(0.2);
  expect(found).toMatchObject({ base: 102.5, pairs: [] });
  expect(verdictOf(found)).toBe("regressed");
  const rate = compareLots(THROUGHPUT, { base, head: base.map((value) => value * 1.3) }, 0.05);
  expect(rate.estimate).toBeCloseTo(-Math.log(1.3), 9);
  expect(verdictOf(rate)).toBe("improved");
  const single = compareLots(P50, { base: [100], head: [150] }, 0.05);
  expect(single).toMatchObject({ low: null, high: null, p: 1, detectable: null });
  expect(verdictOf(single)).toBe("shown");
});
