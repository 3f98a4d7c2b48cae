import type { Report } from "../../report/schema.ts";

/**
 * One run of one arm: fresh processes, data directory and ports. The unit of observation of a gate:
 * never a request, whose neighbours in a run resemble it too much to count as independent.
 */
export type GateRun = {
  readonly arm: "base" | "head";
  /** By the name of the metric. */
  readonly metrics: Readonly<Record<string, number>>;
  /** What the machine did meanwhile, by name: a CPU spin (ns), a loopback round trip (µs), an fsync (µs), a timer's lateness (µs). */
  readonly canaries: Readonly<Record<string, number>>;
  /** Percentile curve of response time by case: pairs of (quantile, µs). */
  readonly curves: Readonly<Record<string, readonly (readonly [number, number])[]>>;
  /** Linearizable, no acknowledged write lost, every operation answered. */
  readonly checks: Report["checks"];
  /** Operations that failed or were left without an answer. */
  readonly errors: number;
  /** Null, or why the figures must not be used. */
  readonly void: string | null;
};
