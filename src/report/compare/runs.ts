import type { Check } from "../schema.ts";
import type { Pair } from "./judge.ts";

/**
 * Two-sided level of each look at a session. Two looks at 0.0294 (Pocock 1977) are together wrong as
 * rarely as one look at 0.05.
 */
export const LOOK_ALPHA = 0.0294;

/** One run of one arm, as the gate sees it (`GateRun` is one). */
export type PairedRun = {
  /** By the name of the metric. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly canaries: Readonly<Record<string, number>>;
  readonly checks: readonly Check[];
  /** Operations that failed or were left without an answer. */
  readonly errors: number;
  /** Null, or why the figures must not be used. */
  readonly void: string | null;
};

export type RunPair = Pair<PairedRun>;

export type SessionRuns = {
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** In the order in which they ran. */
  readonly pairs: readonly RunPair[];
};
