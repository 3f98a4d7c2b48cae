import { expect, test } from "bun:test";
import type { Report } from "../schema.ts";
import { benchReport, loadFixture } from "../testing/fixtures.ts";
import { historiesOf, HISTORY_MIN } from "./history.ts";

/** A report a day; latencies are `scale` times those of the fixture. */
const report = (day: number, scale: number): Report => ({
  ...benchReport(),
  runId: `run-${day}`,
  startedAt: `2025-11-${String(day).padStart(2, "0")}T00:00:00.000Z`,
  code: { commit: `commit-${day}`, dirty: false },
  loads: [{ name: "disk", result: loadFixture(10_000, scale) }],
});

/** 1 % to and fro. */
const wobble = (day: number): number => 1 + ((day * 7) % 5) / 500;

const slowerFrom = (day: number, count: number): Report[] =>
  Array.from({ length: count }, (_, i) => report(i + 1, (i + 1 >= day ? 1.25 : 1) * wobble(i + 1)));

test("history: names the commit from which on it is slower, and by how much", () => {
  const [history, ...others] = historiesOf(slowerFrom(13, 20));
  expect(others).toEqual([]);
  expect(history).toMatchObject({ name: "put", target: "ordeal", reports: 20, leftOut: [] });
  const p50 = history!.series.find(({ metric }) => metric.name === "disk: p50")!;
  expect(p50.points).toHaveLength(20);
  expect(p50.changes).toHaveLength(1);
  const [found] = p50.changes;
  expect(found).toMatchObject({
    index: 12,
    commit: "commit-13",
    commitBefore: "commit-12",
    direction: "worse",
  });
  expect(found!.estimate).toBeCloseTo(Math.log(1.25), 2);
  expect(found!.after / found!.before).toBeCloseTo(1.25, 2);
  expect(found!.before).toBeCloseTo(1390, -2);
});

test("history: a throughput that falls is worse, one that rises is better", () => {
  const throughput = (reports: readonly Report[]) =>
    historiesOf(reports)[0]!.series.find(({ metric }) => metric.name === "disk: throughput")!;
  // The fixture's throughput goes by its operations.
  const withOps = (ops: (day: number) => number): Report[] =>
    Array.from({ length: 16 }, (_, i) => ({
      ...report(i + 1, 1),
      loads: [{ name: "disk", result: loadFixture(ops(i + 1) * wobble(i + 1), 1) }],
    }));
  const falls = throughput(withOps((day) => (day > 8 ? 7000 : 10_000))).changes;
  expect(falls).toMatchObject([{ commit: "commit-9", direction: "worse" }]);
  expect(falls[0]!.after).toBeLessThan(falls[0]!.before);
  const rises = throughput(withOps((day) => (day > 8 ? 13_000 : 10_000))).changes;
  expect(rises).toMatchObject([{ commit: "commit-9", direction: "better" }]);
});

test("history: the order of the files does not matter, and a steady series has no change", () => {
  const shuffled = slowerFrom(13, 20).reverse();
  expect(historiesOf(shuffled)).toEqual(historiesOf(slowerFrom(13, 20)));
  const steady = historiesOf(slowerFrom(99, 20))[0]!;
  expect(steady.series.flatMap(({ changes }) => changes)).toEqual([]);
});

test("history: fewer than ten reports show their points and no change", () => {
  const [history] = historiesOf(slowerFrom(5, HISTORY_MIN - 1));
  expect(history!.series[0]!.points).toHaveLength(HISTORY_MIN - 1);
  expect(history!.series.flatMap(({ changes }) => changes)).toEqual([]);
});

test("history: other machines, void and incorrect reports are left out, and it is told why", () => {
  const reports = slowerFrom(99, 14);
  const other = { ...report(3, 1), environment: { ...report(3, 1).environment, cores: 64 } };
  const [load] = report(4, 1).loads;
  const saturated = {
    ...report(4, 1),
    loads: [{ ...load!, result: { ...load!.result, void: "" } }],
  };
  const wrong: Report = {
    ...report(5, 1),
    checks: [{ name: "linearizable", verdict: "fail", detail: "", evidence: [] }],
  };
  const mixed = reports.with(2, other).with(3, saturated).with(4, wrong);
  const [history] = historiesOf(mixed);
  expect(history!.reports).toBe(11);
  expect(history!.leftOut).toEqual([
    { runId: "run-3", why: "cores: 64 then, 2 in the newest" },
    { runId: "run-4", why: "its figures are void" },
    { runId: "run-5", why: "it was not correct" },
  ]);
});

test("history: each suite and each target has its own", () => {
  const reports = [
    report(1, 1),
    { ...report(2, 1), name: "get" },
    { ...report(3, 1), target: { ...report(3, 1).target, name: "etcd" } },
    { ...report(4, 1), loads: [] },
  ];
  expect(historiesOf(reports).map(({ name, target }) => `${name} on ${target}`)).toEqual([
    "get on ordeal",
    "put on etcd",
    "put on ordeal",
  ]);
});
