import type { Schedule } from "../schedule.ts";
import { scaledStages } from "../sequence.ts";

/** The schedule with all its times, not those within faults, so many times as long. */
export const stretched = ({ durationMs, actions, sequences }: Schedule, by: number): Schedule => ({
  durationMs: Math.round(durationMs * by),
  actions: actions.map(({ atMs, fault }) => ({ atMs: Math.round(atMs * by), fault })),
  ...(sequences !== undefined && {
    sequences: sequences.map(({ atMs, stages }) => ({
      atMs: Math.round(atMs * by),
      stages: scaledStages(stages, by),
    })),
  }),
});
