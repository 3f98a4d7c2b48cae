import type { Arena } from "../../chaos/mutant.ts";

/** What one worker process does: hunts from a start seed on, until an alarm or the limits. */
export type Job = {
  /** The schedule of seed s runs in arena s % arenas.length. */
  readonly arenas: readonly Arena[];
  readonly start: number;
  readonly seedsMax: number;
  /** No schedule begins later than so long after the worker started. */
  readonly wallMsMax: number;
  /** Goes on after an alarm: to count false ones. */
  readonly onlyFirst: boolean;
};

export type Alarm = {
  readonly seed: number;
  /** An invariant of docs/mutants.md. */
  readonly detector: string;
  readonly message: string;
};

/** What came of it: one JSON document on the worker's stdout. */
export type Hunt = {
  readonly schedules: number;
  readonly alarms: readonly Alarm[];
  /** Schedules whose checker gave up: neither pass nor alarm. */
  readonly unknown: number;
  readonly wallMs: number;
};
