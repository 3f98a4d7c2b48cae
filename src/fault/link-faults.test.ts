import { expect, test } from "bun:test";
import { Prng } from "../lib/prng.ts";
import { BACKLOG_BYTES_MAX, LinkFaults } from "./link-faults.ts";
import { CLEAR_LINK, type LinkState } from "./vocabulary.ts";

const SEEDS = [1, 2, 3, 1_000_003, 2 ** 40 + 17];

/** Offers `count` frames, one a millisecond, and returns when each arrives. */
function arrivals(seed: number, state: Partial<LinkState>, count = 20_000): (readonly number[])[] {
  const faults = new LinkFaults(new Prng(seed));
  faults.set({ ...CLEAR_LINK, ...state });
  return Array.from({ length: count }, (_, nowMs) => faults.offer(nowMs));
}

function eachSeed(check: (seed: number) => void): void {
  for (const seed of SEEDS) {
    try {
      check(seed);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
}

test("LinkFaults: a clear link is transparent and delivers each frame once, at once", () => {
  const faults = new LinkFaults(new Prng(1));
  expect(faults.transparent).toBe(true);
  expect(faults.slow).toBe(false);
  expect(faults.offer(12.5)).toEqual([12.5]);
});

test("LinkFaults: loss drops the given share of frames, and no others are touched", () => {
  eachSeed((seed) => {
    for (const loss of [0.01, 0.1, 0.5, 0.9]) {
      const fates = arrivals(seed, { loss });
      const lost = fates.filter((times) => times.length === 0).length / fates.length;
      expect(Math.abs(lost - loss)).toBeLessThan(4 * Math.sqrt((loss * (1 - loss)) / fates.length));
      for (const [at, times] of fates.entries()) if (times.length > 0) expect(times).toEqual([at]);
    }
  });
});

test("LinkFaults: a loss of 1 drops every frame", () => {
  expect(arrivals(1, { loss: 1 }).flat()).toEqual([]);
});

test("LinkFaults: delay and jitter keep the order and stay within their bounds", () => {
  eachSeed((seed) => {
    let last = 0;
    for (const [at, times] of arrivals(seed, { delayMs: 20, jitterMs: 30 }).entries()) {
      expect(times.length).toBe(1);
      expect(times[0]!).toBeGreaterThanOrEqual(Math.max(last, at + 20));
      expect(times[0]!).toBeLessThan(at + 50);
      last = times[0]!;
    }
  });
});

test("LinkFaults: duplicates come at the given ratio, right behind their original", () => {
  eachSeed((seed) => {
    const fates = arrivals(seed, { duplicate: 0.2, delayMs: 5 });
    const twice = fates.filter((times) => times.length === 2);
    expect(Math.abs(twice.length / fates.length - 0.2)).toBeLessThan(0.015);
    for (const [first, second] of twice) expect(second).toBe(first!);
  });
});

test("LinkFaults: reorder lets later frames overtake those held back, which keep their limit", () => {
  eachSeed((seed) => {
    const fates = arrivals(seed, { reorder: 0.1, reorderWithinMs: 10 });
    const held = fates.filter((times, at) => times[0]! > at).length / fates.length;
    expect(Math.abs(held - 0.1)).toBeLessThan(0.01);
    for (const [at, times] of fates.entries()) expect(times[0]!).toBeLessThanOrEqual(at + 10);
    const overtaken = fates.filter((times, at) => times[0]! > (fates[at + 1]?.[0] ?? Infinity));
    expect(overtaken.length).toBeGreaterThan(fates.length * 0.05);
  });
});

test("LinkFaults: cut drops all, a clear state afterwards drops none and waits for none", () => {
  const faults = new LinkFaults(new Prng(7));
  faults.set({ ...CLEAR_LINK, delayMs: 500 });
  expect(faults.offer(0)).toEqual([500]);
  faults.set({ ...CLEAR_LINK, delayMs: 500, cut: true });
  expect(faults.transparent).toBe(false);
  for (let now = 0; now < 1000; now++) expect(faults.offer(now)).toEqual([]);
  faults.set(CLEAR_LINK);
  expect(faults.transparent).toBe(true);
  expect(faults.offer(1000)).toEqual([1000]);
});

test("LinkFaults: the same seed gives the same fates", () => {
  const state = { loss: 0.2, duplicate: 0.2, jitterMs: 9, reorder: 0.2, reorderWithinMs: 5 };
  expect(arrivals(42, state, 500)).toEqual(arrivals(42, state, 500));
  expect(arrivals(42, state, 500)).not.toEqual(arrivals(43, state, 500));
});

test("LinkFaults: a long tail makes its share late, and those behind wait for it", () => {
  eachSeed((seed) => {
    const fates = arrivals(seed, { tailRatio: 0.01, tailMs: 200 }).flat();
    let last = 0;
    for (const [at, time] of fates.entries()) {
      expect(time).toBeGreaterThanOrEqual(last);
      expect(time).toBeLessThan(at + 200);
      last = time;
    }
    const late = fates.filter((time, at) => time > at).length;
    expect(late).toBeGreaterThan(0.01 * fates.length);
    expect(late).toBeLessThan(fates.length);
  });
});

test("LinkFaults: bandwidth lets bytes through at its rate, in order, and forgets no pause", () => {
  const faults = new LinkFaults(new Prng(1));
  faults.set({ ...CLEAR_LINK, bytesPerSecond: 1_000 });
  expect([0, 0, 0].map((now) => faults.offer(now, 100)[0])).toEqual([100, 200, 300]);
  expect(faults.backlog(50)).toBe(250);
  expect(faults.offer(1_000, 100)).toEqual([1_100]);
  faults.set(CLEAR_LINK);
  expect(faults.offer(1_000, 100)).toEqual([1_000]);
});

test("LinkFaults: what a narrow link cannot take in time is limited, and the rest is lost", () => {
  const faults = new LinkFaults(new Prng(1));
  faults.set({ ...CLEAR_LINK, bytesPerSecond: 1_000 });
  const size = 64 << 10;
  const taken = Array.from({ length: 200 }, () => faults.offer(0, size)).flat().length;
  expect(Math.abs(taken * size - BACKLOG_BYTES_MAX)).toBeLessThanOrEqual(size);
});

test("LinkFaults: a clogged link that is cut loses what is offered, as any cut one", () => {
  const faults = new LinkFaults(new Prng(1));
  faults.set({ ...CLEAR_LINK, clogged: true });
  expect(faults.clogged).toBe(true);
  faults.set({ ...CLEAR_LINK, clogged: true, cut: true });
  expect(faults.clogged).toBe(false);
  expect(faults.offer(1)).toEqual([]);
});
