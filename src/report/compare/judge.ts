import { holm } from "../../lib/stats/holm.ts";
import { hodgesLehmannShift, rankSumTest } from "../../lib/stats/rank-sum.ts";
import { hodgesLehmann, signedRankTest } from "../../lib/stats/signed-rank.ts";
import { detectableBetween, detectableShift, median } from "../../lib/stats.ts";
import type { Metric, MetricComparison, MetricVerdict } from "./comparison.ts";

/** One thing measured of two arms. */
export type Pair<T> = { readonly base: T; readonly head: T };

/** What is known of a metric before it is judged beside the others. */
export type Unjudged = Omit<MetricComparison, "pHolm" | "verdict">;

/** A value of 0 (a timer that was never late) has no logarithm; this is far below all that is measured. */
const VALUE_MIN = 1e-9;
/** A floor that no change can reach. */
const LIMIT_MAX = 20;

/** ln(head / base), signed so that + is worse. */
export function change({ better }: Metric, { base, head }: Pair<number>): number {
  const ratio = Math.log(Math.max(head, VALUE_MIN) / Math.max(base, VALUE_MIN));
  return better === "lower" ? ratio : -ratio;
}

/** The change from which on a metric is worse by its threshold and by its floor, at this base. */
export function limitOf({ better, threshold, floor }: Metric, base: number): number {
  const worseBy = Math.max(threshold, floor / Math.max(base, VALUE_MIN));
  if (better === "lower") return Math.log(1 + worseBy);
  return worseBy < 1 ? Math.min(LIMIT_MAX, -Math.log(1 - worseBy)) : LIMIT_MAX;
}

/**
 * A metric over two lots of runs that were not interleaved: the shift between them with the interval
 * and the p of the rank-sum test, on logarithms. A single run of each has neither.
 */
export function compareLots(
  metric: Metric,
  { base, head }: Pair<readonly number[]>,
  alpha: number,
): Unjudged {
  const [from, to] = [median(base), median(head)];
  const known = { metric, base: from, head: to, pairs: [], limit: limitOf(metric, from) };
  if (base.length === 1 && head.length === 1) {
    const estimate = change(metric, { base: from, head: to });
    return { ...known, estimate, low: null, high: null, p: 1, detectable: null };
  }
  // Each value against the median of the base: the shift between the two lots is the same.
  const logs = (values: readonly number[]): number[] =>
    values.map((value) => change(metric, { base: from, head: value }));
  const [a, b] = [logs(base), logs(head)];
  const { estimate, low, high } = hodgesLehmannShift(a, b, alpha);
  const detectable = detectableBetween(a, b);
  return { ...known, estimate, low, high, p: rankSumTest(a, b).p, detectable };
}

/** A metric over pairs of runs: Hodges–Lehmann with the interval and the p of the signed-rank test. */
export function comparePairs(
  metric: Metric,
  values: readonly Pair<number>[],
  alpha: number,
): Unjudged {
  const pairs = values.map((pair) => change(metric, pair));
  const base = median(values.map((pair) => pair.base));
  const { estimate, low, high } = hodgesLehmann(pairs, alpha);
  return {
    ...{ metric, base, head: median(values.map((pair) => pair.head)) },
    ...{ pairs, estimate, low, high },
    limit: limitOf(metric, base),
    p: signedRankTest(pairs).p,
    detectable: detectableShift(pairs),
  };
}

/** The verdict on each metric, with Holm's correction over the gated ones. */
export function judge(compared: readonly Unjudged[], alpha: number): MetricComparison[] {
  const gated = compared.filter(({ metric }) => metric.gated);
  const adjusted = holm(gated.map(({ p }) => p));
  return compared.map((found) => {
    const at = gated.indexOf(found);
    const pHolm = at < 0 ? 1 : adjusted[at]!;
    return { ...found, pHolm, verdict: verdictOf(found, pHolm, alpha) };
  });
}

function verdictOf(
  { metric, estimate, high, limit }: Unjudged,
  pHolm: number,
  alpha: number,
): MetricVerdict {
  if (!metric.gated || high === null) return "shown";
  const beyondChance = pHolm <= alpha;
  if (beyondChance && estimate >= limit) return "regressed";
  if (beyondChance && estimate <= -limit) return "improved";
  return high < limit ? "pass" : "inconclusive";
}
