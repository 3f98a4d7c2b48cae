import { mean } from "../stats.ts";
import { tTest } from "./t-test.ts";

/** Where a series goes from one level to another. */
export type ChangePoint = {
  /** Of the first value at the new level. */
  readonly index: number;
  /** Means from the change before, and until the next. */
  readonly before: number;
  readonly after: number;
  /** Of the t test between the two. */
  readonly p: number;
};

/** As Apache Otava has them. */
const WINDOW = 50;
const P_MAX = 0.001;
/** Candidates may be weaker: what is not significant now may be, once a worse neighbour is gone. */
const WEAK = 10;

/**
 * The change points of a series, in order. E-divisive (Matteson and James 2014) proposes where the
 * energy distance between what lies left and right is largest; Student's t test decides, in the place
 * of random permutations, so that the same series always has the same change points. Runs over windows
 * that overlap by half, because a long series hides a short level; then takes out the weakest until
 * all have p < `pMax` (Fleming et al., "Hunter", ICPE 2023, which became Apache Otava).
 */
export function changePoints(
  values: readonly number[],
  { window = WINDOW, pMax = P_MAX }: { readonly window?: number; readonly pMax?: number } = {},
): readonly ChangePoint[] {
  const candidates = new Set<number>();
  const step = Math.floor(window / 2);
  for (let from = 0; from < values.length;) {
    const found = divide(values.slice(from, from + window), pMax * WEAK).map((at) => from + at);
    for (const at of found) candidates.add(at);
    from = Math.max(found.at(-1) ?? 0, from + step);
  }
  return prune(
    values,
    [...candidates].sort((a, b) => a - b),
    pMax,
  );
}

/** The splits of a window, in order: the best one anywhere, again and again while it is significant. */
function divide(values: readonly number[], pMax: number): number[] {
  const sums = distanceSums(values);
  let cuts: number[] = [];
  for (;;) {
    const edges = [0, ...cuts, values.length];
    const best = edges
      .slice(1)
      .map((to, i) => bestSplit(sums, edges[i]!, to))
      .reduce((a, b) => (b.energy > a.energy ? b : a));
    const grown = [...cuts, best.at].sort((a, b) => a - b);
    if (best.energy <= 0 || describe(values, grown, grown.indexOf(best.at)).p >= pMax) return cuts;
    cuts = grown;
  }
}

/** Takes out the weakest until all are significant beside their neighbours. */
function prune(values: readonly number[], indexes: readonly number[], pMax: number): ChangePoint[] {
  const points = indexes.map((_, i) => describe(values, indexes, i));
  if (points.length === 0) return [];
  const weakest = points.reduce((a, b) => (b.p > a.p ? b : a));
  if (weakest.p < pMax) return points;
  return prune(
    values,
    indexes.filter((at) => at !== weakest.index),
    pMax,
  );
}

function describe(values: readonly number[], indexes: readonly number[], i: number): ChangePoint {
  const index = indexes[i]!;
  const left = values.slice(indexes[i - 1] ?? 0, index);
  const right = values.slice(index, indexes[i + 1] ?? values.length);
  return { index, before: mean(left), after: mean(right), p: tTest(left, right) };
}

/** At [i][j]: the sum of |a − b| over the first i values a and the first j values b. */
function distanceSums(values: readonly number[]): readonly Float64Array[] {
  const sums = [new Float64Array(values.length + 1)];
  for (const [i, a] of values.entries()) {
    const [above, row] = [sums[i]!, new Float64Array(values.length + 1)];
    let sum = 0;
    for (const [j, b] of values.entries()) {
      sum += Math.abs(a - b);
      row[j + 1] = above[j + 1]! + sum;
    }
    sums.push(row);
  }
  return sums;
}

/**
 * Where between `from` and `to` to split, so that the left part and some stretch right of it are
 * farthest apart in energy: 2 E|X − Y| − E|X − X'| − E|Y − Y'|, times m n / (m + n).
 */
function bestSplit(
  sums: readonly Float64Array[],
  from: number,
  to: number,
): { readonly at: number; readonly energy: number } {
  const between = (a: number, b: number, c: number, d: number): number =>
    sums[b]![d]! - sums[a]![d]! - sums[b]![c]! + sums[a]![c]!;
  const within = (a: number, b: number): number =>
    b - a < 2 ? 0 : between(a, b, a, b) / ((b - a) * (b - a - 1));
  let best = { at: from, energy: 0 };
  for (let at = from + 1; at < to; at++) {
    for (let end = at + 1; end <= to; end++) {
      const [m, n] = [at - from, end - at];
      const apart = (2 * between(from, at, at, end)) / (m * n);
      const energy = ((m * n) / (m + n)) * (apart - within(from, at) - within(at, end));
      if (energy > best.energy) best = { at, energy };
    }
  }
  return best;
}
