import type { Millis } from "../raft/api.ts";

/** Where a node has its time from: what its core is told as `now`, and when deadlines come. */
export type Clock = {
  /** Monotonic. */
  now(): Millis;
  /** Calls `fire` once, when the clock shows `at` or a little more. Returns what calls it off. */
  timer(at: Millis, fire: () => void): () => void;
};

/** That of this machine. */
export const machineClock: Clock = {
  now: () => performance.now(),
  timer(at, fire) {
    // Bun's timers truncate fractions; a timer that fires before its time would spin.
    const timer = setTimeout(fire, Math.max(0, Math.ceil(at - performance.now())));
    return () => clearTimeout(timer);
  },
};
