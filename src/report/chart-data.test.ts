import { expect, test } from "bun:test";
import { bandsOf, chartData } from "./chart-data.ts";
import type { FaultBand, Timeline } from "./schema.ts";
import { benchReport, demoReport, loadFixture } from "./testing/fixtures.ts";
import { timelineFixture } from "./testing/timeline.ts";

test("charts: rates are per second, at the middle of their interval", () => {
  const base = timelineFixture(1, 2);
  const timeline: Timeline = { ...base, ok: [100, 50], fail: [1, 0], info: [0, 2] };
  expect(chartData({ ...demoReport(), timeline }).time).toMatchObject({
    x: [0.05, 0.15],
    endS: 0.2,
    ok: [1000, 500],
    fail: [10, 0],
    info: [0, 20],
  });
});

test("charts: faults at the same time get labels on different rows", () => {
  const at = (fromS: number, toS: number): FaultBand => ({
    label: "loss",
    kind: "loss",
    nodes: [1],
    fromUs: fromS * 1e6,
    toUs: toS * 1e6,
  });
  const faults = [at(4, 6), at(0, 3), at(1, 5), at(3, 4)];
  const bands = bandsOf({ ...timelineFixture(1, 1), startUs: 0, faults });
  expect(bands.map(({ number, fromS, row }) => [number, fromS, row])).toEqual([
    [1, 0, 0],
    [2, 1, 1],
    [3, 3, 0],
    [4, 4, 0],
  ]);
});

test("charts: curves of several loads share one x axis; the end of a quantile of 1 is left out", () => {
  const load = (curve: [number, number][]) => ({ ...loadFixture(1000, 1), curve });
  const loads = [
    {
      name: "a",
      result: load([
        [0, 10],
        [0.9, 20],
        [1, 99],
      ]),
    },
    {
      name: "b",
      result: load([
        [0, 11],
        [0.99, 30],
      ]),
    },
  ];
  expect(chartData({ ...benchReport(), loads }).curve).toEqual({
    x: [0, 1, 2],
    series: [
      { name: "a", us: [10, 20, null] },
      { name: "b", us: [11, null, 30] },
    ],
    solidTo: null,
  });
});

test("charts: 1000 operations say little beyond 99 %", () => {
  const loads = [{ name: "a", result: loadFixture(1000, 1) }];
  expect(chartData({ ...demoReport(), loads }).curve?.solidTo).toBe(2);
});

test("charts: no timeline and no loads give no charts", () => {
  expect(chartData({ ...demoReport(), timeline: null, loads: [] })).toEqual({
    time: null,
    curve: null,
  });
});
