import { duration, rate } from "./format.ts";
import type { Sweep, SweepStep } from "./schema.ts";

/** `12,800/s is the highest rate with p99 ≤ 10 ms; 14,500/s failed: p99 12 ms is above 10 ms`. */
export function sweepText({ sloP99Us, bestRate, failedRate, limit, steps }: Sweep): string {
  const slo = `p99 ≤ ${duration(sloP99Us)}`;
  const failed = steps.findLast((step) => step.rate === failedRate);
  const failure = failed === undefined ? "" : `; ${rate(failed.rate)} failed: ${failed.why}`;
  if (bestRate === null) return `no rate was found with ${slo}${failure}`;
  if (limit === "generator") return `at least ${rate(bestRate)} with ${slo}${failure}`;
  if (failedRate === null) return `at least ${rate(bestRate)} with ${slo}: no higher one was tried`;
  return `${rate(bestRate)} is the highest rate tried with ${slo}${failure}`;
}

/** One row of the table: offered, acknowledged, p50, p99, result. */
export const stepTexts = (step: SweepStep): readonly string[] => [
  rate(step.rate),
  rate(step.throughput),
  duration(step.p50Us),
  duration(step.p99Us),
  step.ok ? "within the limit" : `failed: ${step.why}`,
];
