import { expect, test } from "bun:test";
import { Prng } from "./prng.ts";
import { SkewedClock } from "./skewed-clock.ts";

test("skewed clock: a rate, a jump and a heal show in what follows, not in what was before", () => {
  const clock = new SkewedClock({ rate: 1, offsetMs: 1_000 });
  expect(clock.local(100)).toBe(1_100);
  clock.setRate(3, 100);
  expect(clock.local(200)).toBe(1_400);
  clock.jump(50);
  expect(clock.local(200)).toBe(1_450);
  clock.heal(200);
  expect(clock.local(300)).toBe(1_550);
});

test("skewed clock: by jerks it stands still and then makes up for it", () => {
  const clock = new SkewedClock({ rate: 1, offsetMs: 0 });
  clock.strobe(100, 1_000);
  expect([1_000, 1_099, 1_100, 1_199, 1_350].map((now) => clock.local(now))).toEqual([
    1_000, 1_000, 1_100, 1_100, 1_300,
  ]);
  // Whatever it waits for after 1,101 comes with the next jerk.
  expect(clock.whenLocal(1_101)).toBeCloseTo(1_200, 3);
  clock.heal(1_350);
  expect(clock.local(1_350)).toBe(1_350);
});

test("skewed clock: after a heal a drifting clock drifts as it did", () => {
  const clock = new SkewedClock({ rate: 1.01, offsetMs: 0 });
  clock.setRate(0.5, 0);
  clock.heal(100);
  expect(clock.local(200)).toBeCloseTo(50 + 101, 6);
});

test("skewed clock: whatever is done to it, it never falls, and shows at whenLocal what was asked for", () => {
  const seed = 4;
  const random = new Prng(seed);
  const clock = new SkewedClock({ rate: 1, offsetMs: 17 });
  let shown = clock.local(0);
  for (let now = 0; now < 2_000; now += random.float() * 10) {
    const [change] = random.shuffle([
      () => clock.setRate(random.pick([0.1, 0.98, 1, 3]), now),
      () => clock.strobe(random.pick([0, 1, 7, 300]), now),
      () => clock.jump(random.pick([1, 500])),
      () => clock.heal(now),
      () => {},
    ]);
    change!();
    const next = clock.local(now);
    expect(next, `seed ${seed}, ${now} ms`).toBeGreaterThanOrEqual(shown);
    shown = next;
    const wanted = shown + random.float() * 100;
    expect(clock.local(clock.whenLocal(wanted))).toBeGreaterThanOrEqual(wanted - 1e-6);
  }
});
