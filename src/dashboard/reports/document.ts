import type { Verdict } from "../../report/schema.ts";

/** A stored run or comparison, as the page lists it. Plain JSON, shared by server and page. */
export type StoredRow = {
  /** Below the directory of reports, with slashes: unique. */
  readonly folder: string;
  /** Where its page is; null: it has none, and `problem` says why. */
  readonly href: string | null;
  /** bench, chaos, demo, compare. */
  readonly kind: string;
  readonly name: string;
  /** ISO 8601; null: it is not known. */
  readonly startedAt: string | null;
  readonly verdict: Verdict | "damaged";
  /** `Regressed`, where the verdict is not one of a run. */
  readonly verdictText: string | null;
  readonly target: string;
  readonly seed: number | null;
  readonly durationMs: number | null;
  /** Of a run with one load. Operations a second; µs. */
  readonly throughput: number | null;
  readonly p99Us: number | null;
  /** Checks that did not hold. */
  readonly failed: readonly string[];
  /** What the run kept besides: history, logs, recordings. */
  readonly artifacts: readonly { readonly name: string; readonly href: string }[];
  /** Why it cannot be read, or opened; null: it can. */
  readonly problem: string | null;
};

export type StoredList = {
  /** The directory, as it was named. */
  readonly dir: string;
  /** The newest first. */
  readonly rows: readonly StoredRow[];
};

/** Two stored reports side by side; the page at `href` has the figures and curves. */
export type ComparedReports = {
  readonly href: string;
  readonly verdict: Verdict;
  /** `Not comparable`. */
  readonly verdictText: string;
  readonly summary: string;
  /** Why they cannot be compared: config, machine, code …; empty: they can. */
  readonly differences: readonly string[];
  /** Checks that do not hold: `head: linearizable: …`. */
  readonly failed: readonly string[];
};
