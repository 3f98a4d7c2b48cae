import { expect, test } from "bun:test";
import type { Check } from "../report/schema.ts";
import type { Recording } from "./run.ts";
import { withSeen } from "./seen.ts";

const check = (verdict: Check["verdict"]): Check => ({
  ...{ name: "linearizable", verdict, detail: "what it says", evidence: [] },
});

const recording = {
  loadStartedUs: 1_000_000,
  violation: {
    ...{ key: "k7", sentence: "a read went back", atUs: 3_500_000, seenUs: 3_500_200 },
    ...{ knownUs: 3_501_500, stopped: true },
  },
} as Recording;

test("violation seen during the run: the report says when, and how long after the operation", () => {
  const { verdict, detail } = withSeen(check("fail"), recording);
  expect(verdict).toBe("fail");
  expect(detail).toStartWith("what it says; seen during the run, at ");
  expect(detail).toEndWith("1.5 ms after the operation returned, which ended the load");
});

test("violation seen during the run: fails a run whose full check ran out of time", () => {
  const { verdict, detail } = withSeen(check("unknown"), recording);
  expect(verdict).toBe("fail");
  expect(detail).toStartWith("key k7: a read went back; seen during the run");
});

test("violation seen during the run: a full check that passes makes it unknown, never a pass", () => {
  expect(withSeen(check("pass"), recording).verdict).toBe("unknown");
});

test("violation seen during the run: without one the check stands as it is", () => {
  const { violation: _, ...without } = recording;
  expect(withSeen(check("pass"), without)).toEqual(check("pass"));
});
