import { broken } from "./assert.ts";

/** The median; of an even count the mean of the middle two. */
export const median = (values: readonly number[]): number => percentile(values, 0.5);

/** The `q` quantile (0 … 1), interpolated between neighbours (R's type 7). */
export function percentile(values: readonly number[], q: number): number {
  if (values.length === 0 || q < 0 || q > 1) broken(`quantile ${q} of ${values.length} values`);
  const sorted = Float64Array.from(values).sort();
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.ceil(at);
  return sorted[low]! + (sorted[high]! - sorted[low]!) * (at - low);
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Sample standard deviation; 0 of a single value. */
export function standardDeviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}

/** Of the signed-rank test against the t test for normal noise: √(π / 3). */
const RANK_TEST_COST = 1.02;

/** Standard errors of the smallest shift that a two-sided test at the level 0.05 finds with 80 % power. */
const ERRORS_FOUND = 2.8 * RANK_TEST_COST;

/** The smallest shift from 0 that so many such `values` would show; null: too few to tell. */
export const detectableShift = (values: readonly number[]): number | null =>
  values.length < 2 ? null : (ERRORS_FOUND * standardDeviation(values)) / Math.sqrt(values.length);

/** The smallest shift between two such samples that would show; null: too few to tell. */
export function detectableBetween(a: readonly number[], b: readonly number[]): number | null {
  if (a.length < 2 || b.length < 2) return null;
  const variance = standardDeviation(a) ** 2 / a.length + standardDeviation(b) ** 2 / b.length;
  return ERRORS_FOUND * Math.sqrt(variance);
}
