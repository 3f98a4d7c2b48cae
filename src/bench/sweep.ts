import type { Sweep, SweepStep } from "../report/schema.ts";
import type { LoadResult } from "../workload/spec.ts";

/** How the highest rate is searched for at which p99 stays within the SLO. */
export type SweepPlan = {
  /** p99 of response time, from the moment that an operation was due. */
  readonly sloP99Ms: number;
  /** The first rate tried, operations a second. */
  readonly fromRate: number;
  readonly toRate: number;
  /** Runs at most, each on a fresh cluster. */
  readonly stepsMax: number;
  /** The search ends when the lowest rate that failed is at most so many times the highest that passed. */
  readonly precision: number;
};

/** Throughput below this share of the offered rate: the system fell behind, whatever the latencies. */
const KEPT_UP_MIN = 0.95;
const FACTOR = 2;

/** The bracket as the steps so far leave it. */
type Bracket = { readonly passed: number | null; readonly failed: number | null };

/**
 * The rate to try next; null: the search is over. Up by doubling until a rate fails (down by halving
 * if the first did), then bisection by ratio. A rate that failed is tried once more before that is
 * believed: a stall of the machine must not end the search far too low.
 */
export function nextRate(plan: SweepPlan, steps: readonly SweepStep[]): number | null {
  if (steps.length >= plan.stepsMax) return null;
  const last = steps.at(-1);
  if (last === undefined) return plan.fromRate;
  const tries = steps.filter(({ rate }) => rate === last.rate).length;
  if (!last.ok && tries < 2) return last.rate;
  const { passed, failed } = bracketOf(steps);
  if (failed === null)
    return passed! >= plan.toRate ? null : Math.min(plan.toRate, passed! * FACTOR);
  if (passed === null) return failed / FACTOR < 1 ? null : Math.round(failed / FACTOR);
  if (failed / passed <= plan.precision) return null;
  const middle = Math.round(Math.sqrt(passed * failed));
  return middle <= passed || middle >= failed ? null : middle;
}

/** A rate passed if one of its tries did; the highest that passed lies below the lowest that failed. */
function bracketOf(steps: readonly SweepStep[]): Bracket {
  const passedRates = steps.filter(({ ok }) => ok).map(({ rate }) => rate);
  const passed = passedRates.length === 0 ? null : Math.max(...passedRates);
  const failedRates = steps
    .filter(({ rate }) => !passedRates.includes(rate) && rate > (passed ?? 0))
    .map(({ rate }) => rate);
  return { passed, failed: failedRates.length === 0 ? null : Math.min(...failedRates) };
}

/** What one run at `rate` says. */
export function stepOf(plan: SweepPlan, rate: number, result: LoadResult): SweepStep {
  const { throughput, response } = result;
  const [limit, why] = limitOf(plan, rate, result);
  return {
    ...{ rate, throughput, p50Us: response.p50, p99Us: response.p99 },
    ...{ ok: limit === null, limit, why },
  };
}

function limitOf(
  { sloP99Ms }: SweepPlan,
  rate: number,
  { throughput, response, dropped, void: voided }: LoadResult,
): readonly [SweepStep["limit"], string | null] {
  if (response.count === 0) return ["throughput", "no operation succeeded"];
  // Operations that found no free client wait for the servers: that is the system's own limit.
  if (voided !== null && dropped === 0) return ["generator", voided];
  if (response.p99 > sloP99Ms * 1000) {
    return ["slo", `p99 ${(response.p99 / 1000).toFixed(1)} ms is above ${sloP99Ms} ms`];
  }
  if (throughput < KEPT_UP_MIN * rate) {
    return ["throughput", `${Math.round(throughput)}/s of ${rate}/s were acknowledged`];
  }
  return voided === null ? [null, null] : ["throughput", voided];
}

/** The outcome of a search. Its steps are sorted by rate for the chart, tries of one rate in order. */
export function sweepOf(name: string, plan: SweepPlan, steps: readonly SweepStep[]): Sweep {
  const { passed, failed } = bracketOf(steps);
  const atFailed = steps.filter(({ rate }) => rate === failed).at(-1);
  return {
    name,
    sloP99Us: plan.sloP99Ms * 1000,
    steps: steps.toSorted((a, b) => a.rate - b.rate),
    bestRate: passed,
    failedRate: failed,
    limit: atFailed?.limit ?? null,
  };
}
