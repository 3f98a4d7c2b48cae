import type { SimResult } from "../api.ts";
import type { ShardSchedule } from "./api.ts";
import { runShards } from "./run.ts";

export type ShardShrunk = {
  readonly schedule: ShardSchedule;
  readonly result: SimResult;
  /** Candidates that were run. */
  readonly runs: number;
};

/** What the schedule makes happen. */
export const shardEventsOf = ({ actions, operations }: ShardSchedule): number =>
  actions.length + operations.length;

/**
 * Takes away from a schedule that fails what its violation does not need: what comes after it, then actions and
 * operations, in runs that become shorter (ddmin: Zeller and Hildebrandt, 2002). What is left breaks the
 * same invariant. `isOver` is asked before each run.
 */
export function shrinkShards(
  schedule: ShardSchedule,
  isOver: () => boolean,
  run: (candidate: ShardSchedule) => SimResult = runShards,
): ShardShrunk {
  let best = { schedule, result: run(schedule) };
  let runs = 1;
  const { violation } = best.result;
  if (violation === null) return { ...best, runs };
  const attempt = (candidate: ShardSchedule): boolean => {
    if (isOver()) return false;
    runs++;
    const result = run(candidate);
    if (result.violation?.invariant !== violation.invariant) return false;
    best = { schedule: candidate, result };
    return true;
  };
  if (violation.atMs < schedule.durationMs) {
    const isBefore = ({ atMs }: { readonly atMs: number }): boolean => atMs <= violation.atMs;
    attempt({
      ...schedule,
      actions: schedule.actions.filter(isBefore),
      operations: schedule.operations.filter(isBefore),
    });
  }
  for (let before = Infinity; shardEventsOf(best.schedule) < before;) {
    before = shardEventsOf(best.schedule);
    fewer(
      () => best.schedule.actions,
      (actions) => attempt({ ...best.schedule, actions }),
    );
    fewer(
      () => best.schedule.operations,
      (operations) => attempt({ ...best.schedule, operations }),
    );
  }
  return { ...best, runs };
}

/** Removes as many items of a list as possible; `keep` says whether a shorter list still fails. */
function fewer<T>(current: () => readonly T[], keep: (items: readonly T[]) => boolean): void {
  for (let size = current().length; size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < current().length;) {
      const items = current();
      if (!keep([...items.slice(0, at), ...items.slice(at + size)])) at += size;
    }
  }
}
