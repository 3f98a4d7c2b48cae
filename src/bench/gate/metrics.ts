import type { Metric } from "../../report/compare/comparison.ts";
import { canaryMetric, loadMetrics } from "../../report/compare/metrics.ts";

/** By the name of a metric: by how much (a share) the same code differs from itself on this machine. */
export type Thresholds = Readonly<Record<string, number>>;

/** The metrics of these cases. A θ below what the same code differs by would raise false alarms. */
export const metricsOf = (caseNames: readonly string[], measured: Thresholds = {}): Metric[] =>
  caseNames.flatMap((name) =>
    loadMetrics(name).map((metric) => ({
      ...metric,
      threshold: Math.max(metric.threshold, measured[metric.name] ?? 0),
    })),
  );

/** Those cases that have to run, so that these metrics are measured. */
export const casesFor = <Case extends { readonly name: string }>(
  metrics: readonly Metric[],
  cases: readonly Case[],
): readonly Case[] => {
  const wanted = new Set(metrics.map(({ name }) => name));
  return cases.filter(({ name }) => loadMetrics(name).some((metric) => wanted.has(metric.name)));
};

/**
 * What a run asks of the machine alone, while no arm runs: between the arms it differs by the
 * machine's doing only.
 */
export const CANARIES = {
  "CPU spin": "µs",
  "loopback round trip": "µs",
  fsync: "µs",
  "timer lateness": "µs",
} as const;

export type Canaries = Readonly<Record<keyof typeof CANARIES, number>>;

export const CANARY_METRICS: readonly Metric[] = Object.entries(CANARIES).map(([name, unit]) =>
  canaryMetric(name, unit),
);
