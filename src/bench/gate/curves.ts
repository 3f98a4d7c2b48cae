import { median } from "../../lib/stats.ts";
import type { Side } from "../../report/compare/comparison.ts";
import type { GateRun } from "./gate-run.ts";
import type { ArmName } from "./plan.ts";

/** Pairs of (quantile, µs), ascending. */
export type Curve = readonly (readonly [number, number])[];

/** The curve of each case of an arm: at each quantile the median over its runs. */
export function curvesOf(arm: ArmName, runs: readonly GateRun[]): Side["curves"] {
  const own = runs.filter((run) => run.arm === arm);
  const names = new Set(own.flatMap(({ curves }) => Object.keys(curves)));
  return [...names].map((name) => ({
    name,
    curve: medianCurve(
      own.flatMap(({ curves }) => (curves[name] === undefined ? [] : [curves[name]])),
    ),
  }));
}

/**
 * Runs with fewer requests have shorter tails: a quantile is shown as far as half of the runs reach.
 * What each run says of its maximum stands at 1, and for every run.
 */
function medianCurve(curves: readonly Curve[]): Curve {
  const at = new Map<number, number[]>();
  for (const [q, us] of curves.flat()) at.set(q, [...(at.get(q) ?? []), us]);
  return [...at]
    .filter(([, values]) => 2 * values.length >= curves.length)
    .sort(([a], [b]) => a - b)
    .map(([q, values]) => [q, median(values)] as const);
}
