import { expect, test } from "bun:test";
import { downsample } from "./downsample.ts";
import { timelineFixture } from "./testing/timeline.ts";

const sum = (column: readonly number[]): number => column.reduce((a, b) => a + b, 0);

test("downsample: a short timeline stays as it is", () => {
  const timeline = timelineFixture(1, 200);
  expect(downsample(timeline, 200)).toBe(timeline);
});

test("downsample: no operation is lost and no spike of p99 is hidden", () => {
  const timeline = timelineFixture(1, 10_007);
  const small = downsample(timeline, 2000);
  expect(small.ok.length).toBe(Math.ceil(10_007 / 6));
  expect(small.intervalMs).toBe(600);
  for (const name of ["ok", "fail", "info"] as const)
    expect(sum(small[name])).toBe(sum(timeline[name]));
  const highest = (column: readonly (number | null)[]) => Math.max(...column.map((us) => us ?? 0));
  expect(highest(small.p99)).toBe(highest(timeline.p99));
});

test("downsample: p50 is weighted by operations, and null where nothing completed", () => {
  const timeline = {
    ...timelineFixture(1, 4),
    ok: [1, 3, 0, 0],
    fail: [0, 0, 0, 0],
    p50: [100, 200, null, null],
    p99: [100, null, null, null],
  };
  expect(downsample(timeline, 2)).toMatchObject({ p50: [175, null], p99: [100, null] });
});
