import { expect, test } from "bun:test";
import type { CrashPoint } from "../../sim/crashpoints/run.ts";
import { cutsOf, type CutOutcome } from "./explore.ts";
import { addOutcome, newTally, summaryOf, tableOf, verdictOf } from "./tally.ts";

const at = (kind: string, node: number): CrashPoint => ({
  kind,
  boundary: { node, effect: "sync", side: "before", what: "/data/wal/a.seg", isStarting: false },
});
const POINTS = [at("record write", 1), at("record sync", 2), at("record write", 3)];
const OPTIONS = { seed: 9, nodes: 3, judge: "all" } as const;
const EVERY = { point: null, keeps: null, power: null };

const passed = (cut: CutOutcome["cut"]): CutOutcome => ({
  ...{ cut, verdict: "pass", violation: null, traceHash: "", crashes: 2 },
});
const lost = (cut: CutOutcome["cut"]): CutOutcome => ({
  ...passed(cut),
  verdict: "fail",
  violation: { invariant: "LIN", message: "gone", evidence: ["get k1"], atMs: 1, event: 2 },
});

test("crash points: every point, outcome and power is one cut; a choice leaves some", () => {
  const cuts = cutsOf(3, EVERY);
  expect(new Set(cuts.map((cut) => JSON.stringify(cut))).size).toBe(3 * 4 * 3);
  expect(cutsOf(3, { ...EVERY, point: 2 }).length).toBe(4 * 3);
  expect(cutsOf(3, { point: 2, keeps: "torn", power: "all" })).toEqual([
    { point: 2, keeps: "torn", power: "all" },
  ]);
});

test("crash points: the table counts runs by kind and outcome, and marks failures", () => {
  const tally = newTally(OPTIONS, POINTS, 36);
  for (const cut of cutsOf(3, EVERY)) addOutcome(tally, passed(cut));
  expect(verdictOf(tally)).toBe("pass");
  expect(tableOf(tally).split("\n")).toEqual([
    "boundary      points  nothing  prefix  subset  torn",
    "record write       2        6       6       6     6",
    "record sync        1        3       3       3     3",
    "all                3        9       9       9     9",
  ]);
  expect(summaryOf(tally, true)).toStartWith("PASS  3 points, 36 runs, 72 losses of power");
});

test("crash points: the failure of the lowest point is told, with what repeats it", () => {
  const tally = newTally(OPTIONS, POINTS, 36);
  addOutcome(tally, lost({ point: 3, keeps: "torn", power: "one" }));
  addOutcome(tally, lost({ point: 2, keeps: "prefix", power: "all" }));
  addOutcome(tally, passed({ point: 1, keeps: "prefix", power: "all" }));
  expect(verdictOf(tally)).toBe("fail");
  expect(tableOf(tally)).toContain("1, 1 FAIL");
  const summary = summaryOf(tally, true);
  expect(summary).toStartWith("FAIL  2 of 3 runs");
  expect(summary).toContain("point 2: node 2, before record sync (a.seg)");
  expect(summary).toContain("LIN: gone");
  expect(summary).toEndWith(
    "repeat  ordeal crashpoints --nodes 3 --seed 9 --point 2 --outcome prefix --power all",
  );
});

test("crash points: where the checker gave up, it is not a pass", () => {
  const tally = newTally(OPTIONS, POINTS, 36);
  const cut = { point: 1, keeps: "nothing", power: "one" } as const;
  addOutcome(tally, { ...passed(cut), verdict: "unknown" });
  expect(verdictOf(tally)).toBe("unknown");
  expect(summaryOf(tally, true)).toStartWith("UNKNOWN");
});
