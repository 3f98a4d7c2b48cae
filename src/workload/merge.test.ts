import { describe, expect, test } from "bun:test";
import { DONE_FAIL, DONE_INFO, DONE_OK } from "../client/ports.ts";
import { Histogram } from "../lib/histogram.ts";
import { Prng } from "../lib/prng.ts";
import { mergeResults } from "./merge.ts";
import { LoadMetrics, type RunFacts } from "./metrics.ts";
import { ACTION_GET, ACTION_PUT } from "./mix.ts";
import { TICK_MS, TickMerger, type LoadTick } from "./tick-merger.ts";
import { SPEC } from "./testing/bench-top.ts";

const SEED = 20261121;
const FACTS: RunFacts = { startedAtUs: 5_000_000, measuredMs: 1000, cpu: 0.25, unread: null };
const OUTCOMES = [DONE_OK, DONE_OK, DONE_OK, DONE_FAIL, DONE_INFO];

/** 3000 operations, each told to the whole and to one of three parts. */
function operate(rate: number | null) {
  const whole = new LoadMetrics({ ...SPEC, rate });
  const parts = Array.from({ length: 3 }, () => new LoadMetrics({ ...SPEC, rate }));
  const prng = new Prng(SEED);
  for (let i = 0; i < 3000; i++) {
    const action = prng.chance(0.5) ? ACTION_GET : ACTION_PUT;
    const outcome = prng.pick(OUTCOMES);
    // Halves of a millisecond: sums of them are exact in any order.
    const [intended, late, took] = [prng.below(900), prng.below(3) / 2, 1 + prng.below(200) / 2];
    for (const metrics of [whole, prng.pick(parts)]) {
      metrics.started(intended, late);
      metrics.done(action, outcome, intended, intended + late, intended + late + took);
    }
  }
  return { whole, parts };
}

describe("mergeResults", () => {
  for (const [loop, rate] of [
    ["closed", null],
    ["open", 3000],
  ] as const) {
    test(`${loop} loop: the parts merged are the whole, to the last digit`, () => {
      const { whole, parts } = operate(rate);
      const merged = mergeResults(parts.map((part) => part.result(FACTS)));
      const { throughput, void: _, ...expected } = whole.result(FACTS);
      expect(merged, `seed ${SEED}`).toMatchObject({ ...expected, cpu: 0.75, generators: 3 });
      expect(merged.curve).toEqual(expected.curve);
      expect(merged.histograms).toEqual(expected.histograms);
      expect(merged.throughput).toBeCloseTo(throughput, 6);
    });
  }

  test("it survives the way between processes", () => {
    const results = operate(1000).parts.map((part) => part.result(FACTS));
    const told = results.map((result) => JSON.parse(JSON.stringify(result)));
    expect(mergeResults(told)).toEqual(mergeResults(results));
  });

  test("one void part voids the whole, and is named", () => {
    const results = operate(null).parts.map((part) => part.result(FACTS));
    expect(mergeResults(results).void).toBeNull();
    const busy = operate(null).parts[1]!.result({ ...FACTS, cpu: 0.99 });
    expect(mergeResults([results[0]!, busy, results[2]!]).void).toBe(
      "generator 2 of 3: the generator used 99 % of a core: the figures are its own limit",
    );
  });

  test("times span all parts; keys that could not be read are told by the one that read", () => {
    const [a, b] = operate(null).parts;
    const merged = mergeResults([
      a!.result({ ...FACTS, unread: 4, measuredMs: 1003 }),
      b!.result({ ...FACTS, startedAtUs: 4_000_000 }),
    ]);
    expect(merged).toMatchObject({ startedAtUs: 4_000_000, measuredMs: 1003, unread: 4 });
    expect("unread" in mergeResults([a!.result(FACTS)])).toBe(false);
  });

  test("what the clients refused themselves is summed up; none is not told", () => {
    const parts = operate(1000).parts;
    const merged = mergeResults(parts.map((part, i) => part.result({ ...FACTS, shed: 10 * i })));
    expect(merged.shed).toBe(30);
    expect("shed" in mergeResults(parts.map((part) => part.result(FACTS)))).toBe(false);
  });

  test("a result without histograms is not merged in silence", () => {
    const { histograms: _, ...bare } = operate(null).parts[0]!.result(FACTS);
    expect(() => mergeResults([bare])).toThrow("without its histograms");
  });
});

describe("TickMerger", () => {
  const START_US = 1_000_000_000;

  function merger(parts: number) {
    const told: LoadTick[] = [];
    const one = new TickMerger(parts, START_US, TICK_MS, (tick) => told.push(tick));
    /** The part ends an interval `ms` after the start with `ok` operations of `us` each. */
    const add = (part: number, ms: number, ok: number, us = 100): void => {
      const h = new Histogram();
      for (let i = 0; i < ok; i++) h.record(us);
      const counts = { ok, fail: 1, info: 0 };
      const atUs = START_US + ms * 1000;
      const tick = { kind: "tick", atUs, intervalMs: TICK_MS, counts } as const;
      one.add(part, { ...tick, response: h.summary(), histogram: h.toJSON() });
    };
    return { one, told, add };
  }

  test("an interval is told once all parts have told of it, with all their operations", () => {
    const { told, add } = merger(2);
    add(0, 101, 10, 100);
    expect(told).toEqual([]);
    add(1, 104, 30, 900);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({
      atUs: START_US + 100_000,
      intervalMs: 100,
      counts: { ok: 40, fail: 2, info: 0 },
      response: { count: 40, max: 900, mean: 700 },
    });
    expect(told[0]!.response.p50 / 900).toBeCloseTo(1, 2);
  });

  test("a part that was held up makes one long interval of several, and loses nothing", () => {
    const { told, add } = merger(2);
    for (const ms of [100, 200, 300, 400]) add(0, ms, 1);
    expect(told).toEqual([]);
    add(1, 395, 7);
    const oks = told.map(({ counts }) => counts.ok);
    expect(oks).toEqual([1, 1, 1, 8]);
    expect(told.map(({ intervalMs }) => intervalMs)).toEqual([100, 100, 100, 100]);
  });

  test("intervals that nobody told of belong to the next", () => {
    const { told, add } = merger(1);
    add(0, 100, 1);
    add(0, 400, 1);
    expect(told.map(({ intervalMs }) => intervalMs)).toEqual([100, 300]);
  });

  test("what comes after its interval was told counts to the next; the end of all tells the rest", () => {
    const { one, told, add } = merger(2);
    add(0, 100, 1);
    add(1, 100, 1);
    add(0, 120, 5); // The last tick of a part comes whenever its last operation ends.
    one.end(0);
    expect(told).toHaveLength(1);
    add(1, 200, 2);
    add(1, 210, 3);
    one.end(1);
    expect(told.reduce((sum, { counts }) => sum + counts.ok, 0)).toBe(12);
    const ends = told.map(({ atUs }) => atUs);
    expect(ends).toEqual([...new Set(ends)].sort((a, b) => a - b));
  });
});
