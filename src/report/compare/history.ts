import { changePoints } from "../../lib/stats/change-points.ts";
import { median } from "../../lib/stats.ts";
import type { Report } from "../schema.ts";
import type { Metric } from "./comparison.ts";
import { correctnessOf } from "./correctness.ts";
import { differences } from "./differences.ts";
import { change } from "./judge.ts";
import { measuredOf } from "./metrics.ts";

/** With fewer reports a change point is a guess. */
export const HISTORY_MIN = 10;

/** The history of one suite on one machine (Mode C): advice, which names the commit to look at. */
export type History = {
  readonly kind: Report["kind"];
  readonly name: string;
  readonly target: string;
  readonly environment: Report["environment"];
  /** ISO 8601, UTC. */
  readonly from: string;
  readonly to: string;
  readonly reports: number;
  readonly series: readonly Series[];
  /** Reports of this suite that cannot be set beside the newest one, each with the first reason. */
  readonly leftOut: readonly { readonly runId: string; readonly why: string }[];
};

export type Series = {
  readonly metric: Metric;
  /** In order of time; the sparkline. */
  readonly points: readonly HistoryPoint[];
  /** Empty, too, when there are fewer than HISTORY_MIN points. */
  readonly changes: readonly HistoryChange[];
};

export type HistoryPoint = {
  readonly runId: string;
  readonly startedAt: string;
  readonly commit: string;
  readonly dirty: boolean;
  /** In the metric's unit; the median, when the report has several runs. */
  readonly value: number;
};

export type HistoryChange = {
  /** Of the first point at the new level, in `points`. */
  readonly index: number;
  /** That point's commit, and the last one at the level before: the change lies between them. */
  readonly commit: string;
  readonly commitBefore: string;
  readonly startedAt: string;
  readonly direction: "worse" | "better";
  /** Levels in the metric's unit (geometric means), from the change before and until the next. */
  readonly before: number;
  readonly after: number;
  /** ln(after / before), signed so that + is worse. */
  readonly estimate: number;
  readonly p: number;
};

/**
 * One history for each suite and target. Each is of the machine and config of its newest report;
 * what differs from those is left out and told. Void and incorrect reports have no figures to show.
 * Sorted by name.
 */
export function historiesOf(reports: readonly Report[]): readonly History[] {
  const sorted = reports
    .filter((report) => measuredOf(report).length > 0)
    .toSorted((a, b) => compareText(a.startedAt, b.startedAt));
  const groups = Map.groupBy(sorted, ({ kind, name, target }) => `${name} ${kind} ${target.name}`);
  return [...groups.keys()].sort(compareText).map((key) => historyOf(groups.get(key)!));
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function historyOf(reports: readonly Report[]): History {
  const newest = reports.at(-1)!;
  const whyOut = new Map(reports.map((report) => [report, whyLeftOut(report, newest)]));
  const kept = reports.filter((report) => whyOut.get(report) === null);
  const { kind, name, target, environment } = newest;
  return {
    ...{ kind, name, target: target.name, environment },
    from: (kept[0] ?? newest).startedAt,
    to: (kept.at(-1) ?? newest).startedAt,
    reports: kept.length,
    series: seriesOf(kept),
    leftOut: [...whyOut].flatMap(([{ runId }, why]) => (why === null ? [] : { runId, why })),
  };
}

function whyLeftOut(report: Report, newest: Report): string | null {
  if (report.loads.some(({ result }) => result.void !== null)) return "its figures are void";
  if (correctnessOf(report).some(({ verdict }) => verdict === "fail")) return "it was not correct";
  return differences(report, newest, { base: "then", head: "in the newest" })[0] ?? null;
}

function seriesOf(reports: readonly Report[]): readonly Series[] {
  const metrics = new Map<string, { readonly metric: Metric; readonly points: HistoryPoint[] }>();
  for (const report of reports) {
    const { runId, startedAt, code } = report;
    for (const { metric, values } of measuredOf(report)) {
      const series = metrics.get(metric.name) ?? { metric, points: [] };
      metrics.set(metric.name, series);
      series.points.push({ runId, startedAt, ...code, value: median(values) });
    }
  }
  return [...metrics.values()].map(({ metric, points }) => ({
    metric,
    points,
    changes: points.length < HISTORY_MIN ? [] : changesOf(metric, points),
  }));
}

/** On logarithms, as all changes are. */
function changesOf(metric: Metric, points: readonly HistoryPoint[]): readonly HistoryChange[] {
  const logs = points.map(({ value }) => change(metric, { base: 1, head: value }));
  const level = (log: number): number => Math.exp(metric.better === "lower" ? log : -log);
  return changePoints(logs).map(({ index, before, after, p }) => {
    const { commit, startedAt } = points[index]!;
    return {
      ...{ index, commit, startedAt, p },
      commitBefore: points[index - 1]!.commit,
      direction: after > before ? "worse" : "better",
      before: level(before),
      after: level(after),
      estimate: after - before,
    };
  });
}
