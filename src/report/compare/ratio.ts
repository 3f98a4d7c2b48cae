import { broken } from "../../lib/assert.ts";
import { hodgesLehmann } from "../../lib/stats/signed-rank.ts";
import type { RatioInterval } from "../schema.ts";

/**
 * How `first` compares to `second`, values of two arms whose runs were interleaved, a pair at each
 * index: Hodges–Lehmann on the logarithms of the ratios, with the exact signed-rank interval at 0.95
 * or a little more. Fewer than 6 pairs cannot give that: the interval then spans all of them, and
 * `confidence` says how sure that is (5 pairs: 0.9375). Values must be more than 0.
 */
export function ratioWithInterval(
  first: readonly number[],
  second: readonly number[],
): RatioInterval {
  if (first.length !== second.length)
    broken(`${first.length} and ${second.length} values are no pairs`);
  const pairs = first.map((value, i) => value / second[i]!);
  const { estimate, low, high, confidence } = hodgesLehmann(pairs.map(Math.log));
  const isSingle = pairs.length === 1;
  return {
    ratio: Math.exp(estimate),
    low: isSingle ? null : Math.exp(low),
    high: isSingle ? null : Math.exp(high),
    confidence,
    pairs,
  };
}
