import { expect, test } from "bun:test";
import type { RunOutcome } from "../chaos/run.ts";
import { demoReport } from "../report/testing/fixtures.ts";
import { checkSession, planOf, playSession, sessionLines } from "./chaos-session.ts";

const flags = { repeat: undefined, "until-failure": false, timeMs: undefined, jobs: 1 };

const outcome = (verdict: "pass" | "fail"): RunOutcome => ({
  report: { ...demoReport(), verdict, command: "ordeal chaos run x --seed 3" },
  ...{ dir: "d", html: "d/report.html", commits: 0, frames: null },
});

test("planOf: every scenario once; repeated, each round has the next seed", () => {
  expect([...planOf(2, 7, flags)].map(({ at, seed }) => [at, seed])).toEqual([
    [0, 7],
    [1, 7],
  ]);
  expect([...planOf(1, 2 ** 32 - 1, { ...flags, repeat: 2 })].map(({ seed }) => seed)).toEqual([
    2 ** 32 - 1,
    0,
  ]);
});

test("playSession: --until-failure ends with the first run that does not pass, and says how to repeat it", async () => {
  const session = await playSession(1, 1, { ...flags, "until-failure": true }, async ({ seed }) =>
    outcome(seed === 3 ? "fail" : "pass"),
  );
  expect(session.outcomes.length).toBe(3);
  expect(sessionLines(session).slice(-2)).toEqual([
    expect.stringContaining("3 runs in"),
    expect.stringContaining("ordeal chaos run x --seed 3"),
  ]);
});

test("playSession: no run is begun when the time is up; an interrupted one ends all", async () => {
  const late = await playSession(1, 1, { ...flags, timeMs: 0 }, async () => outcome("pass"));
  expect([late.outcomes.length, late.ended]).toEqual([0, "the time was up"]);
  const ended = await playSession(2, 1, { ...flags, repeat: 9 }, async () => null);
  expect([ended.isInterrupted, ended.outcomes.length]).toEqual([true, 0]);
});

test("playSession: --jobs has so many runs under way at once, and not one more", async () => {
  let now = 0;
  let most = 0;
  await playSession(6, 1, { ...flags, jobs: 3 }, async () => {
    most = Math.max(most, ++now);
    await Promise.resolve();
    now--;
    return outcome("pass");
  });
  expect(most).toBe(3);
});

test("checkSession: numbers that mean no session are refused", () => {
  expect(() => checkSession({ ...flags, repeat: 0, jobs: 1.5 })).toThrow(/--repeat[^]*--jobs/);
});
