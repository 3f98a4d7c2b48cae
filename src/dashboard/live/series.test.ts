import { expect, test } from "bun:test";
import type { LoadTick } from "./host.ts";
import { SAMPLES_MAX, Series } from "./series.ts";

const tick = (ok: number, p50: number, p99: number): LoadTick => {
  const latency = {
    count: ok,
    mean: p50,
    min: 1,
    p50,
    p90: p99,
    p95: p99,
    p99,
    p999: p99,
    max: p99,
  };
  return {
    ...{ kind: "tick", atUs: 0, intervalMs: 100, counts: { ok, fail: 1, info: 0 } },
    response: latency as unknown as LoadTick["response"],
  };
};

test("series: commits a second between two looks, and what the load said meanwhile", () => {
  const series = new Series();
  expect(series.look(1_000, 50, false)).toBeNull();
  expect(series.look(1_200, 60, false)).toBeNull();
  expect(series.look(2_000, 150, false)).toMatchObject({ commits: 100, ok: null, p99Us: null });
  series.tick(tick(30, 800, 2_000));
  series.tick(tick(50, 900, 9_000));
  expect(series.look(2_500, 200, true)).toMatchObject({
    ...{ commits: 100, ok: 400, failed: 10, p50Us: 900, p99Us: 9_000 },
  });
  expect(series.look(3_000, 200, true)).toMatchObject({ ok: 0, p50Us: null });
});

test("series: a pause, or another cluster, is no burst; and nothing grows", () => {
  const series = new Series();
  series.look(1_000, 5_000, false);
  expect(series.look(60_000, 90_000, false)).toBeNull();
  expect(series.look(61_000, 10, false)).toBeNull();
  for (let i = 1; i <= 2 * SAMPLES_MAX; i++) series.look(61_000 + i * 500, 10 + i, false);
  expect(series.samples).toHaveLength(SAMPLES_MAX);
  expect(series.samples.every(({ commits }) => commits === 2)).toBe(true);
});
