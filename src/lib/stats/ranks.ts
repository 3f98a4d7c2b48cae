/**
 * Twice the rank of each value among all of them, from 2 for the smallest; equal values share the
 * mean of their ranks (midranks). Twice, because that keeps midranks whole numbers.
 */
export function doubledRanks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const ranks: number[] = Array.from(values, () => 0);
  for (let from = 0, to = 0; from < order.length; from = to) {
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    // The mean of the ranks from + 1 … to, doubled.
    for (let i = from; i < to; i++) ranks[order[i]!] = from + 1 + to;
  }
  return ranks;
}

/** An estimate of a centre or a shift, with its interval. */
export type Interval = {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
  /**
   * The share of such intervals that cover what is estimated, exactly (with ties: at least). Less
   * than was asked for when there are too few values: the interval is then as wide as they allow.
   */
  readonly confidence: number;
};
