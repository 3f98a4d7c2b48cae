import { expect, test } from "bun:test";
import { demoReport, loadFixture } from "../testing/fixtures.ts";
import { failoverValue, figureMetric, loadMetrics, loadValues, measuredOf } from "./metrics.ts";
import { ratioWithInterval } from "./ratio.ts";

test("metrics: throughput, p50 and p99 of a load are gated, p99.9 and max are shown", () => {
  const metrics = loadMetrics("disk, 64 clients");
  expect(metrics.map(({ name, threshold, gated }) => [name, threshold, gated])).toEqual([
    ["disk, 64 clients: throughput", 0.1, true],
    ["disk, 64 clients: p50", 0.1, true],
    ["disk, 64 clients: p99", 0.2, true],
    ["disk, 64 clients: p99.9", expect.any(Number) as number, false],
    ["disk, 64 clients: max", expect.any(Number) as number, false],
  ]);
  expect(loadMetrics("")[0]!.name).toBe("throughput");
  expect(loadValues("", loadFixture(20_000, 1))).toEqual({
    ...{ throughput: 1000, p50: 1390, p99: 8420 },
    ...{ "p99.9": 61_300, max: 412_000 },
  });
});

test("metrics: of a chaos run the median failover counts, at 25 %", () => {
  const report = demoReport();
  const measured = measuredOf(report);
  const failover = measured.find(({ metric }) => metric.name === "failover")!;
  expect(failover.metric).toMatchObject({ unit: "ms", threshold: 0.25, gated: true });
  expect(failover.values).toEqual([failoverValue(report.failovers)!]);
  expect(failoverValue([])).toBeNull();
  expect(failoverValue(report.failovers.map((one) => ({ ...one, firstAckMs: null })))).toBeNull();
});

test("metrics: of a sweep the highest rate counts, if one passed", () => {
  const sweep = {
    ...{ name: "disk, 3 nodes", sloP99Us: 20_000, steps: [], limit: "slo" as const },
    failedRate: null,
  };
  const measured = measuredOf({
    ...{ ...demoReport(), loads: [], failovers: [] },
    sweeps: [
      { ...sweep, bestRate: 12_000 },
      { ...sweep, name: "memory", bestRate: null },
    ],
  });
  expect(measured).toMatchObject([
    { metric: { name: "disk, 3 nodes: highest rate", better: "higher" }, values: [12_000] },
  ]);
});

test("metrics: rates are better high and times low, unless a goal says otherwise", () => {
  const better = (unit: "/s" | "µs" | "count", goal: { atMost: 1 } | { atLeast: 1 } | null) =>
    figureMetric({ name: "", unit, goal }).better;
  expect(better("/s", null)).toBe("higher");
  expect(better("µs", null)).toBe("lower");
  expect(better("count", { atLeast: 1 })).toBe("higher");
  expect(better("/s", { atMost: 1 })).toBe("lower");
});

test("ratio: of two arms in turns, with the interval of their pairs", () => {
  const first = [2, 2.2, 1.9, 2.1, 2, 2.05, 1.95, 2.1];
  const second = [1, 1.1, 1, 1, 1, 1, 1, 1];
  const { ratio, low, high, confidence, pairs } = ratioWithInterval(first, second);
  expect(ratio).toBeCloseTo(2, 1);
  expect(low!).toBeGreaterThan(1.9);
  expect(high!).toBeLessThan(2.11);
  expect(low!).toBeLessThan(ratio!);
  expect(confidence).toBeGreaterThan(0.95);
  expect(pairs[3]).toBe(2.1);
  const inverse = ratioWithInterval(second, first);
  expect(inverse.ratio! * ratio!).toBeCloseTo(1, 9);
  expect(inverse.low! * high!).toBeCloseTo(1, 9);
});

test("ratio: few pairs have an interval that spans them and says how sure it is; one has none", () => {
  expect(ratioWithInterval([1, 2, 4], [1, 1, 1])).toMatchObject({
    ...{ low: 1, confidence: 0.75 },
    high: expect.closeTo(4, 9) as number,
  });
  expect(ratioWithInterval([3], [2])).toEqual({
    ...{ ratio: expect.closeTo(1.5, 9) as number, low: null, high: null, confidence: 0 },
    pairs: [1.5],
  });
  expect(() => ratioWithInterval([1, 2], [1])).toThrow("no pairs");
});
