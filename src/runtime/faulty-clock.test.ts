import { expect, test } from "bun:test";
import { FaultyClock } from "./faulty-clock.ts";
import { until } from "./testing/until.ts";

/** Far beyond any test: what fires before did so because the clock was told to. */
const NEVER_MS = 10_000_000;

test("faulty clock: a jump fires the timers that it passes, at once, and no others", async () => {
  const clock = new FaultyClock();
  const fired: string[] = [];
  const start = clock.now();
  clock.timer(start + NEVER_MS / 2, () => fired.push("passed"));
  clock.timer(start + NEVER_MS * 2, () => fired.push("to come"));
  const off = clock.timer(start + NEVER_MS / 2, () => fired.push("called off"));
  off();
  clock.obey({ kind: "clockJump", ms: NEVER_MS });
  await until("the timer fires", () => fired.length > 0);
  expect(fired).toEqual(["passed"]);
  expect(clock.now()).toBeGreaterThanOrEqual(start + NEVER_MS);
});

test("faulty clock: a timer fires when the clock shows its time, however fast it goes", async () => {
  const clock = new FaultyClock();
  const shown = Promise.withResolvers<number>();
  const at = clock.now() + NEVER_MS;
  clock.timer(at, () => shown.resolve(clock.now()));
  clock.obey({ kind: "clockRate", rate: NEVER_MS });
  expect(await shown.promise).toBeGreaterThanOrEqual(at);
});

test("faulty clock: while it stands still, its timers wait for the jerk that passes them", async () => {
  const clock = new FaultyClock();
  clock.obey({ kind: "clockStrobe", everyMs: NEVER_MS });
  const stood = clock.now();
  let hasFired = false;
  clock.timer(stood + 1, () => (hasFired = true));
  const real = performance.now();
  await until("some milliseconds are over", () => performance.now() > real + 5);
  expect(clock.now()).toBe(stood);
  expect(hasFired).toBe(false);
  clock.obey({ kind: "heal" });
  await until("the timer fires", () => hasFired);
  expect(clock.now()).toBeGreaterThan(stood);
});
