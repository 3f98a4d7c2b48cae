import { expect, test } from "bun:test";
import type { GatePair } from "./session.ts";
import { thresholdsOf } from "./calibrate.ts";
import { casesFor, metricsOf } from "./metrics.ts";
import { estimateText, firstArm, spanText } from "./plan.ts";
import { progressText } from "./progress.ts";

test("order: arms take turns over pairs and over cases, and a seed draws which begins", () => {
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    for (const at of [0, 1, 2]) {
      expect(firstArm(seed, at, 0)).not.toBe(firstArm(seed, at + 1, 0));
      expect(firstArm(seed, 0, at)).not.toBe(firstArm(seed, 0, at + 1));
    }
  }
  const begins = Array.from({ length: 40 }, (_, seed) => firstArm(seed, 0, 0));
  expect(new Set(begins).size).toBe(2);
});

test("estimate: a line for people, rounded up", () => {
  expect(estimateText(12, 3, 4_000)).toBe("12 pairs × 2 arms × 3 cases ≈ 8 min");
  expect(estimateText(1, 1, 500)).toBe("1 pair × 2 arms × 1 case ≈ 6 s");
  expect([spanText(1), spanText(90_001)]).toEqual(["1 s", "2 min"]);
});

test("metrics: θ is what was measured of this machine where that is more, and no less than usual", () => {
  const usual = metricsOf(["a"]);
  const raised = metricsOf(["a"], { "a: p50": 0.34, "a: p99": 0.001 });
  const of = (metrics: typeof usual, name: string) =>
    metrics.find((metric) => metric.name === name)!.threshold;
  expect(of(raised, "a: p50")).toBe(0.34);
  expect(of(raised, "a: p99")).toBe(of(usual, "a: p99"));
});

test("cases: only those that measure what is asked for run again", () => {
  const cases = [{ name: "a" }, { name: "a: p50" }, { name: "b" }];
  expect(casesFor(metricsOf(["b"]).slice(0, 1), cases)).toEqual([{ name: "b" }]);
  expect(casesFor(metricsOf(["a"]), cases)).toEqual([{ name: "a" }]);
});

const pairOf = (name: string, base: number, head: number): GatePair => {
  const run = (value: number) => ({
    ...{ metrics: { [name]: value }, canaries: {}, curves: {}, checks: [], errors: 0, void: null },
  });
  return { base: { arm: "base", ...run(base) }, head: { arm: "head", ...run(head) } };
};

test("calibration: the 90th percentile of what sessions find lies within what pairs differ by", () => {
  const metrics = metricsOf(["a"]).filter(({ name }) => name === "a: p50");
  const pairs = Array.from({ length: 24 }, (_, i) =>
    pairOf("a: p50", 100, i % 2 === 0 ? 120 : 125),
  );
  const found = thresholdsOf(metrics, pairs, 12, 1)["a: p50"]!;
  expect(found).toBeGreaterThan(0.01);
  expect(found).toBeLessThan(0.25);
  expect(thresholdsOf(metrics, pairs, 12, 1)["a: p50"]).toBe(found);
  // Half of it is the most that a rate can lose by halving.
  const rate = metricsOf(["a"]).filter(({ name }) => name === "a: throughput");
  const halved = Array.from({ length: 24 }, () => pairOf("a: throughput", 100, 50));
  expect(thresholdsOf(rate, halved, 12, 1)["a: throughput"]).toBeLessThanOrEqual(0.5);
  const same = Array.from({ length: 24 }, () => pairOf("a: p50", 100, 100));
  expect(thresholdsOf(metrics, same, 12, 1)["a: p50"]).toBe(0);
});

test("progress: how far, how long, and what got worst so far, in the metric's own direction", () => {
  const metrics = metricsOf(["a"]).filter(({ name }) => name === "a: p50");
  const step = { kind: "run", session: 0, pairs: 11, metrics, why: "first look" } as const;
  const at = { step, pairs: [pairOf("a: p50", 100, 110)], arm: "base", caseName: "a" } as const;
  expect(progressText({ ...at, pairs: [] }, null)).toBe("pair 1 of 11 (first look)");
  expect(progressText(at, 30_000)).toBe(
    "pair 2 of 12 (first look), about 6 min left · so far a: p50 +10.0 % at worst, 1 pair",
  );
});
