import { median } from "../../lib/stats.ts";
import type { Failover, Figure, FigureUnit, LoadRun, Report } from "../schema.ts";
import type { Metric } from "./comparison.ts";

/** A metric and what was measured of it: a value a run. */
export type Measured = { readonly metric: Metric; readonly values: readonly number[] };

/** θ: what changes by less is not worth stopping a merge for. */
const THRESHOLD = { throughput: 0.1, p50: 0.1, p99: 0.2, failover: 0.25, figure: 0.1 } as const;
const SHOWN_THRESHOLD = 0.2;

/** Absolute changes below these are of no consequence, whatever the ratio. */
const FLOOR = { throughputPerS: 10, p50Us: 20, p99Us: 100, failoverMs: 20 } as const;

/** How far apart, beyond chance, the canaries of two arms must lie for the machine to be to blame. */
const CANARY_THRESHOLD = 0.1;

/** The metrics of a load, `prefix` being the name of its case. p99.9 and max are shown: their noise is 60 %. */
export function loadMetrics(prefix: string): readonly Metric[] {
  const name = (what: string): string => (prefix === "" ? what : `${prefix}: ${what}`);
  const latency = { unit: "µs", better: "lower", gated: true } as const;
  const tail = { ...latency, threshold: SHOWN_THRESHOLD, floor: FLOOR.p99Us, gated: false };
  return [
    {
      name: name("throughput"),
      unit: "/s",
      better: "higher",
      threshold: THRESHOLD.throughput,
      floor: FLOOR.throughputPerS,
      gated: true,
    },
    { ...latency, name: name("p50"), threshold: THRESHOLD.p50, floor: FLOOR.p50Us },
    { ...latency, name: name("p99"), threshold: THRESHOLD.p99, floor: FLOOR.p99Us },
    { ...tail, name: name("p99.9") },
    { ...tail, name: name("max") },
  ];
}

/** What `loadMetrics(prefix)` names, of one run: for `GateRun.metrics`. */
export function loadValues(
  prefix: string,
  { throughput, response }: LoadRun,
): Readonly<Record<string, number>> {
  const { p50, p99, p999, max } = response;
  const values = [throughput, p50, p99, p999, max];
  return Object.fromEntries(loadMetrics(prefix).map(({ name }, i) => [name, values[i]!]));
}

/** Fault → first acknowledged write that began after it. */
export const failoverMetric = (prefix: string): Metric => ({
  name: prefix === "" ? "failover" : `${prefix}: failover`,
  unit: "ms",
  better: "lower",
  threshold: THRESHOLD.failover,
  floor: FLOOR.failoverMs,
  gated: true,
});

/** The median over a run's failovers, in ms; null: none of them ended. */
export function failoverValue(failovers: readonly Failover[]): number | null {
  const times = failovers.flatMap(({ firstAckMs }) => firstAckMs ?? []);
  return times.length === 0 ? null : median(times);
}

/** The highest rate at which p99 is within its limit. */
const sweepMetric = (name: string): Metric => ({
  name: `${name}: highest rate`,
  unit: "/s",
  better: "higher",
  threshold: THRESHOLD.throughput,
  floor: FLOOR.throughputPerS,
  gated: true,
});

/** Rates are better high, all else low, unless a figure's goal says otherwise. */
export function figureMetric({ name, unit, goal }: Pick<Figure, "name" | "unit" | "goal">): Metric {
  const isRate = unit === "/s" || unit === "MiB/s";
  const better =
    goal === null ? (isRate ? "higher" : "lower") : "atLeast" in goal ? "higher" : "lower";
  return { name, unit, better, threshold: THRESHOLD.figure, floor: 0, gated: true };
}

/** What tells whether the machine was the same for both arms. `better` has no meaning: any move counts. */
export const canaryMetric = (name: string, unit: FigureUnit): Metric => ({
  name,
  unit,
  better: "lower",
  threshold: CANARY_THRESHOLD,
  floor: 0,
  gated: true,
});

/** Everything of a report that can be compared with another's. */
export function measuredOf(report: Report): readonly Measured[] {
  const { loads, failovers, figures = [], sweeps = [] } = report;
  const failover = failoverValue(failovers);
  return [
    ...loads.flatMap(({ name, result, runs = [result] }) => {
      const values = runs.map((run) => loadValues(name, run));
      return loadMetrics(name).map((metric) => ({
        metric,
        values: values.map((run) => run[metric.name]!),
      }));
    }),
    ...(failover === null ? [] : [{ metric: failoverMetric(""), values: [failover] }]),
    ...sweeps.flatMap(({ name, bestRate }) =>
      bestRate === null ? [] : { metric: sweepMetric(name), values: [bestRate] },
    ),
    ...figures.map((figure) => ({ metric: figureMetric(figure), values: [figure.value] })),
  ];
}
