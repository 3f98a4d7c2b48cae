import type { Timeline } from "./schema.ts";

/** Points that a chart gets at most: about two a pixel on a wide screen. */
export const POINTS_MAX = 2000;

/**
 * The same timeline in at most `pointsMax` intervals, each a whole number of the old ones. Counts
 * are added up. p99 is the worst of the merged ones, so that no spike is lost; p50 is their mean
 * weighted by operations. Neither is a true percentile of the merged interval: for charts only.
 */
export function downsample(timeline: Timeline, pointsMax: number): Timeline {
  const rows = timeline.ok.length;
  const factor = Math.ceil(rows / pointsMax);
  if (factor <= 1) return timeline;
  const points = Math.ceil(rows / factor);
  const merge = <T>(of: (from: number, to: number) => T): T[] =>
    Array.from({ length: points }, (_, i) => of(i * factor, Math.min(rows, (i + 1) * factor)));
  const total = (column: readonly number[]): number[] =>
    merge((from, to) => column.slice(from, to).reduce((sum, n) => sum + n, 0));
  return {
    ...timeline,
    intervalMs: timeline.intervalMs * factor,
    ok: total(timeline.ok),
    fail: total(timeline.fail),
    info: total(timeline.info),
    p50: merge((from, to) => weightedMean(timeline, from, to)),
    p99: merge((from, to) => largest(timeline.p99, from, to)),
  };
}

function largest(column: readonly (number | null)[], from: number, to: number): number | null {
  let best: number | null = null;
  for (let i = from; i < to; i++) {
    const value = column[i] ?? null;
    if (value !== null && (best === null || value > best)) best = value;
  }
  return best;
}

function weightedMean({ p50, ok, fail }: Timeline, from: number, to: number): number | null {
  let sum = 0;
  let weight = 0;
  for (let i = from; i < to; i++) {
    const value = p50[i] ?? null;
    if (value === null) continue;
    const operations = Math.max(1, ok[i]! + fail[i]!);
    sum += value * operations;
    weight += operations;
  }
  return weight === 0 ? null : Math.round(sum / weight);
}
