import { broken } from "../assert.ts";
import { median } from "../stats.ts";
import { doubledRanks, type Interval } from "./ranks.ts";
import { cutOf, lowerTail } from "./signed-rank.ts";

export type RankSumTest = {
  /** How many of the pairs (one of each sample) have the larger value in the first; ties count half. */
  readonly u: number;
  /** Two-sided. */
  readonly p: number;
};

/**
 * Mann and Whitney's test (1947), which is Wilcoxon's rank-sum test, that two independent samples
 * come from one distribution. Exact at any size, ties included: the distribution of the rank sum over
 * all choices of which values are the first sample's, by dynamic programming, given the midranks as
 * they are. Fine to 100 values a sample.
 */
export function rankSumTest(first: readonly number[], second: readonly number[]): RankSumTest {
  const [m, n] = [first.length, second.length];
  if (m === 0 || n === 0) broken(`samples of ${m} and ${n} values`);
  const ranks = doubledRanks([...first, ...second]);
  const sum = ranks.slice(0, m).reduce((all, rank) => all + rank, 0);
  const sums = rankSums(ranks, m);
  const upper = sums.slice(sum).reduce((all, p) => all + p, 0);
  const tail = Math.min(lowerTail(sums, sum), upper);
  return { u: (sum - m * (m + 1)) / 2, p: Math.min(1, 2 * tail) };
}

/**
 * By how much `to` lies above `from`: the median of all differences (Hodges and Lehmann 1963), with
 * the exact interval that inverts the rank-sum test at the two-sided level `alpha`.
 */
export function hodgesLehmannShift(
  from: readonly number[],
  to: readonly number[],
  alpha = 0.05,
): Interval {
  const differences = Float64Array.from(to.flatMap((b) => from.map((a) => b - a))).sort();
  const [m, n] = [from.length, to.length];
  if (differences.length === 0) broken(`samples of ${m} and ${n} values`);
  const ranks = Array.from({ length: m + n }, (_, i) => i + 1);
  // From the sum of the first m ranks on it is the distribution of U.
  const { cut, missed } = cutOf(rankSums(ranks, m).slice((m * (m + 1)) / 2), alpha);
  return {
    estimate: median([...differences]),
    low: differences[cut]!,
    high: differences[differences.length - 1 - cut]!,
    confidence: 1 - 2 * missed,
  };
}

/** The probability of each sum of `count` of the ranks, all choices being alike. */
function rankSums(ranks: readonly number[], count: number): Float64Array {
  const size = ranks.reduce((all, rank) => all + rank, 0) + 1;
  const ways = Array.from({ length: count + 1 }, () => new Float64Array(size));
  ways[0]![0] = 1;
  for (const [i, rank] of ranks.entries()) {
    for (let chosen = Math.min(count, i + 1); chosen > 0; chosen--) {
      const [with_, without] = [ways[chosen]!, ways[chosen - 1]!];
      for (let sum = size - 1; sum >= rank; sum--) with_[sum]! += without[sum - rank]!;
    }
  }
  const all = ways[count]!.reduce((total, way) => total + way, 0);
  return ways[count]!.map((way) => way / all);
}
