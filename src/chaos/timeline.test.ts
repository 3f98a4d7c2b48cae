import { expect, test } from "bun:test";
import { tickAt } from "./testing/ticks.ts";
import { throughputBetween, timelineOf } from "./timeline.ts";

test("timelineOf: a tick a row, and nothing to show where nothing completed", () => {
  const ticks = [tickAt(1_100_000, 10, 500), tickAt(1_200_000, 0, 0), tickAt(1_300_000, 5, 900)];
  expect(timelineOf(ticks, [], [])).toEqual({
    ...{ startUs: 1_000_000, intervalMs: 100, ok: [10, 0, 5], fail: [0, 0, 0], info: [0, 0, 0] },
    ...{ p50: [500, null, 900], p99: [500, null, 900], faults: [], events: [] },
  });
});

test("timelineOf: a missing tick leaves its row empty, and late ones stay in their place", () => {
  const ticks = [tickAt(100_000, 1, 1), tickAt(205_000, 2, 1), tickAt(401_000, 3, 1)];
  expect(timelineOf(ticks, [], [])?.ok).toEqual([1, 2, 0, 3, 0]);
});

test("timelineOf: a long run is merged into at most 2000 rows that keep every operation", () => {
  const ticks = Array.from({ length: 36_000 }, (_, i) => tickAt((i + 1) * 100_000, 2, i % 18));
  const timeline = timelineOf(ticks, [], []);
  expect(timeline?.ok.length).toBe(2000);
  expect(timeline?.ok.reduce((a, b) => a + b)).toBe(72_000);
  expect(timeline?.p50[0]).toBe(8.5);
  expect(timeline?.p99[0]).toBe(17);
  expect(timelineOf([], [], [])).toBeNull();
});

test("throughputBetween: counts the ticks that ended inside", () => {
  const ticks = [tickAt(100_000, 10, 1), tickAt(200_000, 20, 1), tickAt(300_000, 40, 1)];
  expect(throughputBetween(ticks, 100_000, 300_000)).toBe(300);
  expect(throughputBetween(ticks, 300_000, 400_000)).toBe(0);
});
