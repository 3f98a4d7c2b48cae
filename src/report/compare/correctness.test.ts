import { expect, test } from "bun:test";
import { checksOf, endsGate } from "./correctness.ts";
import type { RunPair } from "./runs.ts";
import { check, pairsFixture, withRun } from "./testing/pairs.ts";

const PAIRS = pairsFixture(12, 0);
const verdicts = (pairs: readonly RunPair[]): Record<string, string> =>
  Object.fromEntries(checksOf(pairs).map(({ name, verdict }) => [name, verdict]));

test("correctness: all well over all runs", () => {
  expect(checksOf(PAIRS)).toMatchObject([
    { name: "linearizable", verdict: "pass", detail: "in all 12 runs" },
    { name: "errors", verdict: "pass", detail: "0 in the head, 0 in the base" },
    { name: "generator", verdict: "pass" },
  ]);
  expect(endsGate(PAIRS)).toBe(false);
});

test("correctness: one bad run of the head is one too many, and an unknown does not hide a failure", () => {
  const unknown = { checks: [check("linearizable", "unknown", "out of time")] };
  const failed = { checks: [check("linearizable", "fail", "k3 went back")] };
  const pairs = withRun(withRun(PAIRS, 2, "head", unknown), 7, "head", failed);
  expect(checksOf(pairs)[0]).toMatchObject({
    verdict: "fail",
    detail: "run 8: k3 went back, and so in 1 more of 12",
  });
  expect(endsGate(pairs)).toBe(true);
  expect(endsGate(withRun(PAIRS, 2, "head", unknown))).toBe(false);
});

test("correctness: an incorrect base does not condemn the head, but nor is it a measure", () => {
  const pairs = withRun(PAIRS, 0, "base", { checks: [check("linearizable", "fail", "k3")] });
  expect(verdicts(pairs)).toMatchObject({ linearizable: "pass", "base: linearizable": "unknown" });
  expect(endsGate(pairs)).toBe(false);
});

test("correctness: errors in the head only are wrong, however few", () => {
  const pairs = withRun(PAIRS, 11, "head", { errors: 1 });
  expect(verdicts(pairs)["errors"]).toBe("fail");
  expect(endsGate(pairs)).toBe(true);
  expect(verdicts(withRun(PAIRS, 11, "base", { errors: 1 }))["errors"]).toBe("pass");
});

test("correctness: where both arms have errors the head's must be more beyond chance", () => {
  const withErrors = (head: (i: number) => number): RunPair[] =>
    PAIRS.map((pair, i) => ({
      base: { ...pair.base, errors: 100 + i },
      head: { ...pair.head, errors: head(i) },
    }));
  expect(verdicts(withErrors((i) => 100 + (i % 2 === 0 ? 2 * i : 3)))["errors"]).toBe("pass");
  expect(verdicts(withErrors((i) => 110 + i))["errors"]).toBe("fail");
  expect(verdicts(withErrors((i) => 90 + i))["errors"]).toBe("pass");
  // Not for a single pair to decide.
  expect(endsGate(withErrors((i) => 110 + i))).toBe(false);
});

test("correctness: a run without figures says of which arm and why", () => {
  const pairs = withRun(PAIRS, 3, "head", { void: "the generator used 97 % of a core" });
  expect(checksOf(pairs).at(-1)).toMatchObject({
    verdict: "unknown",
    detail: "head, pair 4: the generator used 97 % of a core",
  });
});
