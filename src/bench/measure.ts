import { assert } from "../lib/assert.ts";
import { Prng } from "../lib/prng.ts";
import { median, percentile } from "../lib/stats.ts";

const DRAWS = 200;

/** What the suites of figures are made of. All times come from performance.now(). */

let sink: unknown;

/** Makes `value` count as used, so that the work behind it is not optimised away. */
export function consume(value: unknown): void {
  sink = value;
}

/** What was consumed last. Reading it somewhere is what keeps it alive. */
export const lastConsumed = (): unknown => sink;

/** Milliseconds that `body` takes. */
export async function timed(body: () => unknown): Promise<number> {
  const from = performance.now();
  consume(await body());
  return performance.now() - from;
}

export type LoopOptions = {
  /** Until the code is compiled and the caches hold what they will. Default 100. */
  readonly warmupMs?: number;
  /** A sample is the mean of as many calls as take about so long. Default 20. */
  readonly sampleMs?: number;
  /** Default 15. */
  readonly samples?: number;
};

/**
 * Nanoseconds a call of `body`, once a sample: for work far shorter than a look at the clock. `body`
 * gets a number that counts up from 0; what it returns is consumed. Take the median.
 */
export function nsPerCall(
  body: (i: number) => unknown,
  { warmupMs = 100, sampleMs = 20, samples = 15 }: LoopOptions = {},
): number[] {
  let next = 0;
  const calls = (count: number): number => {
    const from = performance.now();
    for (const end = next + count; next < end; next++) sink = body(next);
    return performance.now() - from;
  };
  let count = 1;
  let tookMs = calls(count);
  // By doubling, so that the loop is compiled in the shape in which it is measured.
  for (let warmMs = tookMs; warmMs < warmupMs || tookMs < sampleMs / 2; warmMs += tookMs) {
    if (tookMs < sampleMs / 2) count *= 2;
    tookMs = calls(count);
  }
  return Array.from({ length: samples }, () => (calls(count) / count) * 1e6);
}

/** Measures one thing a few times, and gives the samples: latencies, or one duration or rate. */
export type Arm = () => readonly number[] | Promise<readonly number[]>;

/** A round's samples of each of two arms. */
export type Rounds = readonly {
  readonly a: readonly number[];
  readonly b: readonly number[];
}[];

/**
 * Measures two arms against each other, each round in the order A B B A: whatever changes slowly (a
 * neighbour on the machine, a disk that fills) falls on both alike. Runs each arm once before, not
 * counted.
 */
export async function abba(a: Arm, b: Arm, rounds: number): Promise<Rounds> {
  assert(rounds >= 1, "at least one round");
  await a();
  await b();
  const out: { a: number[]; b: number[] }[] = [];
  for (let round = 0; round < rounds; round++) {
    const first = await a();
    const [second, third] = [await b(), await b()];
    out.push({ a: [...first, ...(await a())], b: [...second, ...third] });
  }
  return out;
}

export type Ratio = {
  /** Of the arm A to the arm B: the median over the rounds. */
  readonly ratio: number;
  /** The quartiles of the rounds: how much to believe it. */
  readonly low: number;
  readonly high: number;
};

/** How arm A compares to arm B in `statistic` (the median, a percentile), round by round. */
export function ratioOf(rounds: Rounds, statistic: (samples: readonly number[]) => number): Ratio {
  const ratios = rounds.map(({ a, b }) => statistic(a) / statistic(b));
  return {
    ratio: median(ratios),
    low: percentile(ratios, 0.25),
    high: percentile(ratios, 0.75),
  };
}

/**
 * The same from the samples of all rounds together: for a statistic of the tail, of which a single
 * round has too few. The spread is that of 200 draws of as many rounds (bootstrap), by `seed`.
 */
export function pooledRatioOf(
  rounds: Rounds,
  statistic: (samples: readonly number[]) => number,
  seed: number,
): Ratio {
  const prng = new Prng(seed);
  const pooled = (some: Rounds): number =>
    statistic(samplesOf(some, "a")) / statistic(samplesOf(some, "b"));
  const draws = Array.from({ length: DRAWS }, () =>
    pooled(rounds.map(() => rounds[prng.below(rounds.length)]!)),
  );
  return { ratio: pooled(rounds), low: percentile(draws, 0.25), high: percentile(draws, 0.75) };
}

export const p99 = (samples: readonly number[]): number => percentile(samples, 0.99);

/** All samples of one arm. */
export const samplesOf = (rounds: Rounds, arm: "a" | "b"): number[] =>
  rounds.flatMap((round) => round[arm]);

/** `quartiles 1.08 to 1.21 over 12 rounds`, for a figure's note. */
export const spreadText = ({ low, high }: Ratio, rounds: Rounds): string =>
  `quartiles ${low.toFixed(2)} to ${high.toFixed(2)} over ${rounds.length} rounds`;

/**
 * The `q` quantile by time: of the gaps between ticks of an event loop, what one who comes at any
 * moment meets. (By count, one long gap among a thousand short ones would hardly show.)
 */
export function percentileByTime(gaps: readonly number[], q: number): number {
  const sorted = Float64Array.from(gaps).sort();
  const total = sorted.reduce((sum, gap) => sum + gap, 0);
  let seen = 0;
  for (const gap of sorted) if ((seen += gap) >= total * q) return gap;
  return sorted.at(-1) ?? 0;
}
