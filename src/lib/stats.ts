import { assert } from "./assert.ts";

/** The median; of an even count the mean of the middle two. */
export const median = (values: readonly number[]): number => percentile(values, 0.5);

/** The `q` quantile (0 … 1), interpolated between neighbours (R's type 7). */
export function percentile(values: readonly number[], q: number): number {
  assert(values.length > 0 && q >= 0 && q <= 1, `quantile ${q} of ${values.length} values`);
  const sorted = Float64Array.from(values).sort();
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.ceil(at);
  return sorted[low]! + (sorted[high]! - sorted[low]!) * (at - low);
}

/**
 * Hodges and Lehmann's estimate of the centre (1963): the median of the means of all pairs, each
 * value with itself included. Nearly as efficient as the mean, and one outlier does not move it.
 */
export function hodgesLehmann(values: readonly number[]): number {
  const means: number[] = [];
  for (let i = 0; i < values.length; i++) {
    for (let j = i; j < values.length; j++) means.push((values[i]! + values[j]!) / 2);
  }
  return median(means);
}
