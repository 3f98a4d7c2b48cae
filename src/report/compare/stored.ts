import type { Report } from "../schema.ts";
import type { Comparison } from "./comparison.ts";
import { baseProblems, correctnessOf } from "./correctness.ts";
import { differences } from "./differences.ts";
import { compareLots, judge } from "./judge.ts";
import { measuredOf } from "./metrics.ts";
import { verdictOf } from "./verdict.ts";

/** Two-sided, one look. */
const ALPHA = 0.05;

export type StoredFound = Pick<
  Comparison,
  "verdict" | "summary" | "checks" | "differences" | "sessions" | "metrics"
>;

/**
 * Two stored reports (Mode B), by the metrics that both have. Advice, never proof: between two
 * sessions the machine itself changes, and the test then finds differences between equal programs in
 * 25 to 42 of 100 comparisons. A metric with a single run on both sides is shown and not judged.
 */
export function compareStored(base: Report, head: Report): StoredFound {
  const before = new Map(measuredOf(base).map(({ metric, values }) => [metric.name, values]));
  const compared = measuredOf(head).flatMap(({ metric, values }) => {
    const baseValues = before.get(metric.name);
    return baseValues === undefined
      ? []
      : compareLots(metric, { base: baseValues, head: values }, ALPHA);
  });
  const checks = [...correctnessOf(head), ...baseProblems(correctnessOf(base))];
  const metrics = judge(compared, ALPHA);
  const differing = differences(base, head);
  const nothing = metrics.length === 0 && differing.length === 0;
  const found = {
    checks,
    differences: nothing ? ["metrics: none that both have"] : differing,
    sessions: [],
    metrics,
  };
  return { ...verdictOf({ ...found, void: voidOf(base, head) }), ...found };
}

function voidOf(base: Report, head: Report): string | null {
  for (const [arm, { loads }] of Object.entries({ base, head })) {
    const bad = loads.find(({ result }) => result.void !== null);
    if (bad !== undefined) return `${arm}, ${bad.name}: ${bad.result.void}`;
  }
  return null;
}
