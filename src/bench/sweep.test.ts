import { expect, test } from "bun:test";
import { Prng } from "../lib/prng.ts";
import type { SweepStep } from "../report/schema.ts";
import type { LoadResult } from "../workload/spec.ts";
import { nextRate, stepOf, type SweepPlan, sweepOf } from "./sweep.ts";

const PLAN: SweepPlan = {
  ...{ sloP99Ms: 10, fromRate: 1_000, toRate: 1_000_000, stepsMax: 40, precision: 1.05 },
};

/** A system whose latency follows its utilisation (an M/M/1 queue) up to what it can do. */
type System = {
  readonly capacity: number;
  readonly generatorMax?: number;
  /** Makes a run fail although the rate is fine: a stall of the machine. */
  readonly stalls?: (run: number) => boolean;
};

function run({ capacity, generatorMax = Infinity, stalls }: System, rate: number, n: number) {
  const load = rate / capacity;
  const stalled = stalls?.(n) === true;
  const p99 = stalled ? 500_000 : load < 1 ? (100 / (1 - load)) * 4.6 : 2_000_000;
  const latency = {
    count: 10_000,
    mean: p99 / 5,
    p50: p99 / 7,
    p90: p99 / 2,
    p99,
    p999: p99,
    max: p99,
  };
  return {
    throughput: Math.min(rate, capacity),
    response: latency,
    dropped: 0,
    void: rate > generatorMax ? "operations started late" : null,
  } as LoadResult;
}

function search(system: System, plan: SweepPlan = PLAN) {
  const steps: SweepStep[] = [];
  for (let rate = nextRate(plan, steps); rate !== null; rate = nextRate(plan, steps)) {
    steps.push(stepOf(plan, rate, run(system, rate, steps.length)));
  }
  return { steps, sweep: sweepOf("s", plan, steps) };
}

/** Where the queue's p99 is the limit. */
const limitOf = (capacity: number): number => capacity * (1 - (100 * 4.6) / 10_000);

test("sweep: finds the limit of a system within its precision, whatever that is", () => {
  const prng = new Prng(20261121);
  for (let i = 0; i < 200; i++) {
    const capacity = Math.round(10 ** (1.5 + 4 * prng.float()));
    const { sweep, steps } = search({ capacity });
    const limit = limitOf(capacity);
    expect(sweep.bestRate!, `capacity ${capacity}`).toBeLessThanOrEqual(limit);
    // Whole rates: near 1 a second there is no rate between two neighbours.
    expect(sweep.bestRate!, `capacity ${capacity}`).toBeGreaterThan(limit / PLAN.precision - 2);
    expect(sweep.failedRate!).toBeGreaterThan(limit);
    expect(["slo", "throughput"]).toContain(sweep.limit!);
    expect(steps.length).toBeLessThan(PLAN.stepsMax);
  }
});

test("sweep: a rate that failed is tried once more, and one stall does not end the search", () => {
  const { sweep, steps } = search({ capacity: 50_000, stalls: (n) => n === 1 });
  expect(steps.slice(0, 3).map(({ rate, ok }) => [rate, ok])).toEqual([
    [1_000, true],
    [2_000, false],
    [2_000, true],
  ]);
  expect(sweep.bestRate!).toBeGreaterThan(limitOf(50_000) / 1.06);
});

test("sweep: ends after its steps, at the highest rate allowed, and where nothing passes", () => {
  const short = search({ capacity: 50_000 }, { ...PLAN, stepsMax: 3 });
  expect(short.steps.map(({ rate }) => rate)).toEqual([1_000, 2_000, 4_000]);
  expect(short.sweep).toMatchObject({ bestRate: 4_000, failedRate: null, limit: null });
  const capped = search({ capacity: 1e9 }, { ...PLAN, toRate: 3_000 });
  expect(capped.steps.map(({ rate }) => rate)).toEqual([1_000, 2_000, 3_000]);
  const dead = search({ capacity: 0.001 });
  expect(dead.sweep.bestRate).toBeNull();
  expect(dead.steps.at(-1)!.rate).toBe(1);
});

test("sweep: where the generator gives up first, that is what it says", () => {
  const { sweep } = search({ capacity: 1e6, generatorMax: 20_000 });
  expect(sweep.bestRate!).toBeGreaterThan(19_000);
  expect(sweep.limit).toBe("generator");
  // Operations that waited for a free client tell of the servers, not of the generator.
  const voided = { ...run({ capacity: 100 }, 1_000, 0), void: "no free client", dropped: 900 };
  expect(stepOf(PLAN, 1_000, voided).limit).toBe("slo");
  const slow = { ...run({ capacity: 1e6 }, 1_000, 0), throughput: 900 };
  expect(stepOf(PLAN, 1_000, slow)).toMatchObject({ ok: false, limit: "throughput" });
});

test("sweep: the steps of a result are by rate, for the chart", () => {
  const rates = search({ capacity: 30_000 }).sweep.steps.map(({ rate }) => rate);
  expect(rates).toEqual(rates.toSorted((a, b) => a - b));
});
