import type { Comparison } from "../compare/comparison.ts";
import { titleOf } from "../compare/words.ts";

/** A comparison as the index lists it. `folder` is relative to the index, with slashes. */
export type ComparisonRow = {
  readonly kind: "comparison";
  readonly folder: string;
  readonly comparison: Pick<Comparison, "runId" | "startedAt" | "durationMs" | "verdict"> & {
    /** `gate put`. */
    readonly title: string;
    /** `main … HEAD`. */
    readonly arms: string;
  };
};

/** What the index says of a comparison in `folder`. */
export const comparisonRow = (comparison: Comparison, folder: string): ComparisonRow => {
  const { runId, startedAt, durationMs, verdict, base, head } = comparison;
  return {
    ...{ kind: "comparison", folder },
    comparison: {
      ...{ runId, startedAt, durationMs, verdict },
      ...{ title: titleOf(comparison), arms: `${base.label} … ${head.label}` },
    },
  };
};
