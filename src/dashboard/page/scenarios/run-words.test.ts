import { expect, test } from "bun:test";
import type { RunProgress, RunState } from "../../runs/document.ts";
import { endWords, faultWords, phaseWords, shareDone } from "./run-words.ts";

const progress: RunProgress = {
  ...{ seed: 7, phase: "running", elapsedMs: 2_500, durationMs: 10_000, throughput: 900 },
  ...{ p99Us: 1_000, total: { ok: 1, fail: 0, info: 0 }, violation: null },
  faults: [
    { label: "crash leader", nodes: [2] },
    { label: "loss 10 %", nodes: [1, 2, 3] },
  ],
  nodes: [],
};
const state: RunState = {
  ...{ phase: "running", name: "bridge", kind: "chaos", command: "", by: "page 1" },
  ...{ startedAtMs: 0, progress, lastLine: "", outcome: null },
};
const ended = (over: Partial<NonNullable<RunState["outcome"]>>): RunState => ({
  ...state,
  phase: "ended",
  outcome: {
    ...{ verdict: null, wasInterrupted: false, checks: [], folder: null, said: "" },
    ...over,
  },
});

test("run words: a run says its phase, and how much of the load is over", () => {
  expect(phaseWords(state)).toBe("running");
  expect(phaseWords({ ...state, progress: null })).toBe("starting");
  expect(phaseWords({ ...state, phase: "stopping" })).toBe("stopping");
  expect(phaseWords({ ...state, kind: "bench", progress: null, lastLine: "put: x" })).toBe(
    "put: x",
  );
  expect(shareDone(state)).toBe(0.25);
  expect(shareDone({ ...state, progress: { ...progress, elapsedMs: 99_999 } })).toBe(1);
  expect(shareDone({ ...state, progress: null })).toBeNull();
});

test("run words: faults in force name their nodes", () => {
  expect(faultWords(progress)).toBe("crash leader → 2; loss 10 % → 1, 2, 3");
  expect(faultWords({ ...progress, faults: [] })).toBe("none");
});

test("run words: every way to end is told apart", () => {
  expect(endWords(ended({ verdict: "pass" }))).toBe("What it promised held.");
  expect(endWords(ended({ verdict: "fail" }))).toBe("What it promised did not hold.");
  expect(endWords(ended({ verdict: "unknown" }))).toBe("It proves nothing either way.");
  expect(endWords(ended({ wasInterrupted: true }))).toContain("Interrupted");
  expect(endWords(ended({}))).toContain("could not be run");
});
