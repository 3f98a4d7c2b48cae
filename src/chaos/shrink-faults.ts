import { isLift } from "./describe.ts";
import type { Aim, Scenario } from "./scenario.ts";
import type { Action, Schedule } from "./schedule.ts";

/**
 * The scenario with these faults at these times, and nothing left to draw: the schedule of one run as
 * data. What it aims at is that its first fault hits, because what else the scenario wanted to happen
 * may need faults that are no longer there.
 */
export function withFaults(
  scenario: Scenario,
  { durationMs, actions }: Schedule,
  name = scenario.name,
): Scenario {
  const first = actions.find(({ fault }) => !isLift(fault.kind));
  const aim: readonly Aim[] =
    first === undefined
      ? scenario.aim
      : [{ kind: "faultHit", fault: first.fault.kind, atLeast: 1 }];
  const faults = actions.map(({ atMs, fault }) => ({ kind: "at", atMs, fault }) as const);
  return { ...scenario, name, durationMs, faults, aim };
}

export type ShrunkFaults = {
  readonly actions: readonly Action[];
  /** Candidates that were tried. */
  readonly tried: number;
  /** Nothing more can be taken away singly; false: the time was up before that was known. */
  readonly isMinimal: boolean;
};

/**
 * Takes away as many actions as possible in ever smaller runs (ddmin: Zeller and Hildebrandt, 2002)
 * while `fails` says that what is left still fails, until `mayTry` says no. A real run fails by chance,
 * so a candidate that passed may still be a failing one: the result is small, not smallest. One fault
 * always remains. `fails` may throw to end it all.
 */
export async function shrinkActions(
  actions: readonly Action[],
  fails: (candidate: readonly Action[]) => Promise<boolean>,
  mayTry: () => boolean,
): Promise<ShrunkFaults> {
  let best = actions;
  let tried = 0;
  for (let size = Math.ceil(best.length / 2); size >= 1;) {
    let took = false;
    for (let at = 0; at < best.length;) {
      const candidate = best.toSpliced(at, size);
      if (!hasFault(candidate)) {
        at += size;
        continue;
      }
      if (!mayTry()) return { actions: best, tried, isMinimal: false };
      tried++;
      if (await fails(candidate)) {
        best = candidate;
        took = true;
      } else at += size;
    }
    if (size === 1 && !took) break;
    if (size > 1) size = Math.ceil(size / 2);
  }
  return { actions: best, tried, isMinimal: true };
}

const hasFault = (actions: readonly Action[]): boolean =>
  actions.some(({ fault }) => !isLift(fault.kind));
