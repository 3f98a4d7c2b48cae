import { type Family, familyOf } from "./fault-family.ts";
import { downsample, POINTS_MAX } from "./downsample.ts";
import { endUs } from "./lanes.ts";
import type { FaultBand, Report, Timeline } from "./schema.ts";

/** What the page's script draws; embedded in the page as JSON. Columns of equal length. */
export type ChartData = {
  readonly time: TimeData | null;
  readonly curve: CurveData | null;
};

export type TimeData = {
  /** Middle of each interval, and the whole range, in seconds from the start. */
  readonly x: readonly number[];
  readonly endS: number;
  /** Operations a second. */
  readonly ok: readonly number[];
  readonly fail: readonly number[];
  readonly info: readonly number[];
  /** µs. */
  readonly p50: readonly (number | null)[];
  readonly p99: readonly (number | null)[];
  readonly bands: readonly Band[];
};

export type Band = {
  /** From 1: what a narrow band shows instead of its label. */
  readonly number: number;
  readonly label: string;
  readonly nodes: readonly number[];
  readonly family: Family;
  readonly fromS: number;
  readonly toS: number;
  /** Line of the label, from 0, so that labels of faults at the same time do not overlap. */
  readonly row: number;
};

export type CurveData = {
  /** log10(1 / (1 - quantile)): 1 is 90 %, 2 is 99 %. */
  readonly x: readonly number[];
  readonly series: readonly { readonly name: string; readonly us: readonly (number | null)[] }[];
  /** Beyond this x a single load has fewer than 10 operations; null for several loads. */
  readonly solidTo: number | null;
};

const BANDS_MAX = 500;
const ROWS_MAX = 3;
/** Fewer operations than these beyond a quantile say little about it. */
const TAIL_MIN = 10;

export const chartData = (report: Report): ChartData => ({
  time:
    report.timeline === null || report.timeline.ok.length === 0 ? null : timeData(report.timeline),
  curve: curveData(report),
});

const round = (n: number, digits: number): number => Number(n.toFixed(digits));

function timeData(full: Timeline): TimeData {
  const timeline = downsample(full, POINTS_MAX);
  const intervalS = timeline.intervalMs / 1000;
  const perSecond = (column: readonly number[]): number[] =>
    column.map((n) => round(n / intervalS, 2));
  return {
    x: timeline.ok.map((_, i) => round((i + 0.5) * intervalS, 4)),
    endS: round((endUs(full) - full.startUs) / 1e6, 4),
    ok: perSecond(timeline.ok),
    fail: perSecond(timeline.fail),
    info: perSecond(timeline.info),
    p50: timeline.p50,
    p99: timeline.p99,
    bands: bandsOf(full),
  };
}

/** The first 500 fault bands in order of their beginning, numbered, with a row for each label. */
export function bandsOf({ faults, startUs }: Timeline): readonly Band[] {
  const rowEnds: number[] = [];
  return [...faults]
    .sort((a, b) => a.fromUs - b.fromUs)
    .slice(0, BANDS_MAX)
    .map(({ label, nodes, kind, fromUs, toUs }: FaultBand, i) => {
      let row = rowEnds.findIndex((end) => end <= fromUs);
      if (row === -1) row = rowEnds.length < ROWS_MAX ? rowEnds.length : i % ROWS_MAX;
      rowEnds[row] = Math.max(toUs, rowEnds[row] ?? 0);
      return {
        number: i + 1,
        label,
        nodes,
        family: familyOf(kind),
        fromS: round((fromUs - startUs) / 1e6, 4),
        toS: round((toUs - startUs) / 1e6, 4),
        row,
      };
    });
}

const curveData = ({ loads }: Report): CurveData | null =>
  overlaid(
    loads.map(({ name, result }) => ({ name, curve: result.curve })),
    loads.length === 1 ? loads[0]!.result.response.count : 0,
  );

/** A percentile curve: pairs of (quantile, µs). */
export type NamedCurve = {
  readonly name: string;
  readonly curve: readonly (readonly [number, number])[];
};

/**
 * Curves over one x axis: null where one has no point. `operations` is how many a single curve is
 * of; 0: not known, or there are several. Null when there is nothing to draw.
 */
export function overlaid(named: readonly NamedCurve[], operations = 0): CurveData | null {
  const positionOf = (quantile: number): number => round(-Math.log10(1 - quantile), 4);
  const curves = named.map(
    ({ curve }) =>
      new Map(
        curve
          .filter(([quantile, us]) => quantile >= 0 && quantile < 1 && us > 0)
          .map(([quantile, us]) => [positionOf(quantile), us]),
      ),
  );
  const x = [...new Set(curves.flatMap((curve) => [...curve.keys()]))].sort((a, b) => a - b);
  if (x.length < 2) return null;
  return {
    x,
    series: named.map(({ name }, i) => ({ name, us: x.map((at) => curves[i]!.get(at) ?? null) })),
    solidTo: operations > TAIL_MIN ? round(Math.log10(operations / TAIL_MIN), 4) : null,
  };
}
