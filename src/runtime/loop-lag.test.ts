import { expect, test } from "bun:test";
import { LoopLag } from "./loop-lag.ts";

test("loop lag: a turn that blocks the loop shows in the next report, which is of the time since the one before", async () => {
  const lag = new LoopLag();
  expect(lag.take()).toMatchObject({ watchedMs: 0, ticks: 0, maxMs: 0 });
  const until = performance.now() + 120;
  while (performance.now() < until);
  const blocked = lag.take();
  expect(blocked.maxMs).toBeGreaterThan(100);
  expect(blocked.watchedMs).toBeGreaterThanOrEqual(blocked.maxMs);
  const asked = performance.now();
  for (let ticks = 0; ticks === 0;) {
    await new Promise((next) => setTimeout(next, 5));
    ({ ticks } = lag.take());
    expect(performance.now() - asked).toBeLessThan(20_000);
  }
  const later = lag.take();
  expect(later.maxMs).toBeLessThanOrEqual(later.watchedMs);
});
