import type { Check, Environment, Report } from "../schema.ts";

/**
 * reports/compare/<runId>/comparison.json: what was found when two arms were compared. Bump on any
 * change that a reader could notice.
 */
export const COMPARISON_SCHEMA = 1;

/** A number by which arms are compared. */
export type Metric = {
  /** `disk, 64 clients: throughput`. */
  readonly name: string;
  readonly unit: "/s" | "µs" | "ms" | "ns" | "MiB" | "ratio" | "s" | "count" | "MiB/s";
  readonly better: "higher" | "lower";
  /** θ: a relative change below it is no regression; 0.1: 10 % more latency, 10 % less throughput. 0 to 1. */
  readonly threshold: number;
  /** Nor is an absolute change below this, in `unit`. */
  readonly floor: number;
  /** False: shown, never judged (p99.9, max). */
  readonly gated: boolean;
};

/**
 * Of one metric. regressed: worse by θ or more, beyond chance; pass: worse by less than θ, beyond
 * chance; improved: better by θ or more, beyond chance; inconclusive: none of them; shown: not gated,
 * or there is a single run of each.
 */
export type MetricVerdict = "regressed" | "pass" | "improved" | "inconclusive" | "shown";

/** How one metric differs between base and head. Relative changes are ln(head / base), signed so that + is worse. */
export type MetricComparison = {
  readonly metric: Metric;
  /** Medians over the runs, in the metric's unit. */
  readonly base: number;
  readonly head: number;
  /** Mode A: one a pair, in order. Empty for stored reports. */
  readonly pairs: readonly number[];
  /** Hodges–Lehmann, with its exact interval; null: a single run of each, which has none. */
  readonly estimate: number;
  readonly low: number | null;
  readonly high: number | null;
  /** From this change on it is a regression: the larger of θ and the floor at this base. */
  readonly limit: number;
  /** Two-sided; `pHolm` is adjusted over the gated metrics (1 for others). */
  readonly p: number;
  readonly pHolm: number;
  /** The smallest change (ln) that so many runs would find with 80 % power; null: too few to tell. */
  readonly detectable: number | null;
  readonly verdict: MetricVerdict;
};

/** A session of interleaved pairs: looks once or twice, and says of each metric what it found. */
export type Session = {
  readonly startedAt: string;
  readonly pairs: number;
  readonly looks: 1 | 2;
  readonly metrics: readonly MetricComparison[];
  /** Canaries that moved between the arms: the machine's doing. Any: the session proves nothing. */
  readonly canaries: readonly MetricComparison[];
};

/** One arm. */
export type Side = {
  /** A revision, a target, or the path of a report, as the person named it. */
  readonly label: string;
  readonly code: Report["code"];
  readonly environment: Environment;
  /** Durability and client of the arm in a sentence. */
  readonly about: string;
  /** Response time over all its runs: pairs of (quantile, µs), by case. */
  readonly curves: readonly {
    readonly name: string;
    readonly curve: readonly (readonly [number, number])[];
  }[];
};

/**
 * Of the whole comparison, in order of weight. violated: incorrect, whatever the speed. void: a
 * generator was the bottleneck. unproven: the machine changed meanwhile. incomparable: reports of
 * different machines or configurations.
 */
export type ComparisonVerdict =
  | "violated"
  | "incomparable"
  | "void"
  | "unproven"
  | "regressed"
  | "inconclusive"
  | "improved"
  | "pass";

export type Comparison = {
  readonly schema: typeof COMPARISON_SCHEMA;
  readonly runId: string;
  /** paired: runs interleaved in one session (Mode A: decides); stored: two reports (Mode B: advice). */
  readonly mode: "paired" | "stored";
  readonly name: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  /** The exact command that repeats it. */
  readonly command: string;
  readonly base: Side;
  readonly head: Side;
  readonly verdict: ComparisonVerdict;
  /** Why, in a sentence for people. */
  readonly summary: string;
  /** Correctness and validity of the runs: first of all, a failed one decides alone. */
  readonly checks: readonly Check[];
  /** Fields that differ and must not: `cpu: "A" in the base, "B" in the head`. */
  readonly differences: readonly string[];
  /** Mode A: the first session, and the one that confirmed or refuted its regressions. Mode B: none. */
  readonly sessions: readonly Session[];
  /** The final word on each metric. */
  readonly metrics: readonly MetricComparison[];
};

/** Exit codes of a gate; `exitCodeOf` knows those of advice too. */
export const COMPARISON_EXIT = {
  pass: 0,
  improved: 0,
  /** 4 under `--strict`. */
  inconclusive: 0,
  regressed: 1,
  violated: 2,
  incomparable: 3,
  void: 3,
  unproven: 3,
} as const satisfies Record<ComparisonVerdict, number>;

export const EXIT_INCONCLUSIVE_STRICT = 4;

/**
 * Two stored reports are advice: whatever their figures say, only what is certain fails: a head that
 * is wrong, or reports that cannot be compared. `strict`: a gate that cannot tell fails, too.
 */
export function exitCodeOf({ mode, verdict }: Comparison, strict: boolean): number {
  if (mode === "stored" && verdict === "regressed") return 0;
  if (strict && verdict === "inconclusive") return EXIT_INCONCLUSIVE_STRICT;
  return COMPARISON_EXIT[verdict];
}
