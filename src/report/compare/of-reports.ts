import type { Report } from "../schema.ts";
import { targetText } from "../words.ts";
import { type Comparison, COMPARISON_SCHEMA, type Side } from "./comparison.ts";
import { compareStored } from "./stored.ts";

/** A stored report, and its path as the person named it. */
export type NamedReport = { readonly label: string; readonly report: Report };

export type StoredOptions = Pick<Comparison, "runId" | "startedAt" | "durationMs" | "command"> & {
  /** Figures even of reports that cannot be compared; the verdict stays the same. */
  readonly force: boolean;
};

/** Two stored reports as a comparison (Mode B: advice). */
export function comparisonOfReports(
  base: NamedReport,
  head: NamedReport,
  { force, ...run }: StoredOptions,
): Comparison {
  const found = compareStored(base.report, head.report);
  const isRefused = found.differences.length > 0 && !force;
  return {
    schema: COMPARISON_SCHEMA,
    ...run,
    mode: "stored",
    name: head.report.name,
    base: sideOf(base, isRefused),
    head: sideOf(head, isRefused),
    ...found,
    metrics: isRefused ? [] : found.metrics,
  };
}

/** A curve invites to be compared, too. */
const sideOf = ({ label, report }: NamedReport, isRefused: boolean): Side => ({
  label,
  code: report.code,
  environment: report.environment,
  about: `${targetText(report.target)}; run ${report.runId}`,
  curves: isRefused ? [] : report.loads.map(({ name, result }) => ({ name, curve: result.curve })),
});
