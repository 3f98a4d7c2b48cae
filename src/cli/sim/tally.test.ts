import { expect, test } from "bun:test";
import type { SimResult } from "../../sim/api.ts";
import { barLine } from "./progress.ts";
import { addOutcome, documentOf, newTally, speedOf, summaryOf, type Tally } from "./tally.ts";

const repeat = (seed: number): string => `ordeal sim --seed ${seed}`;

const result = (verdict: SimResult["verdict"]): SimResult => ({
  verdict,
  violation:
    verdict === "fail"
      ? { invariant: "QC", message: "too few", atMs: 1_234, event: 99, evidence: ["node 1: 5"] }
      : null,
  traceHash: "00112233aabbccdd",
  stats: { ...newTally(1, 1).sums, simulatedMs: 20_000, events: 25_000, operations: 500 },
});

function tallyOf(...verdicts: SimResult["verdict"][]): Tally {
  const tally = newTally(10, 100);
  verdicts.forEach((verdict, i) => addOutcome(tally, { seed: 10 + i, result: result(verdict) }));
  tally.wallMs = 500;
  return tally;
}

test("sim tally: sums up, and tells the speed per wall time", () => {
  const tally = tallyOf("pass", "pass");
  expect(tally.sums.operations).toBe(1_000);
  expect(speedOf(tally)).toEqual({
    simulatedPerSecond: 80,
    schedulesPerMinute: 240,
    eventsPerSecond: 100_000,
  });
  expect(summaryOf(tally, repeat)).toStartWith("PASS  2 schedules, every invariant held\n");
});

test("sim tally: a failure says what broke, when, and how to repeat it", () => {
  const tally = tallyOf("pass", "fail");
  tally.failure = { seed: 11, result: result("fail"), isRepeatable: true };
  const lines = summaryOf(tally, repeat).split("\n");
  expect(lines.slice(0, 5)).toEqual([
    "FAIL  seed 11 breaks QC: too few",
    "      after 1.234 virtual seconds, event 99",
    "      node 1: 5",
    "trace   00112233aabbccdd",
    "repeat  ordeal sim --seed 11",
  ]);
  expect(documentOf(tally, repeat)).toMatchObject({
    verdict: "fail",
    failure: { seed: 11, repeat: "ordeal sim --seed 11" },
  });
});

test("sim tally: what the checker could not settle is no pass", () => {
  const tally = tallyOf("pass", "unknown", "unknown");
  expect(documentOf(tally, repeat)).toMatchObject({ verdict: "unknown", unknown: 2 });
  expect(summaryOf(tally, repeat)).toContain("repeat   ordeal sim --seed 11");
});

test("sim progress: a bar, how far, how fast, how long", () => {
  expect(barLine(tallyOf("pass"), 2)).toBe(
    "███████████████░░░░░░░░░░░░░░░  1/2 schedules · 40 simulated s/s · 1 s left",
  );
});
