import { isLift } from "./describe.ts";
import { type Aim, faultsOf, type Scenario, type Step } from "./scenario.ts";
import type { Schedule } from "./schedule.ts";

/** The schedule of one run as steps of a scenario, with nothing left to draw. */
export const stepsOf = ({ actions, sequences = [] }: Schedule): readonly Step[] => [
  ...actions.map(({ atMs, fault }) => ({ kind: "at", atMs, fault }) as const),
  ...sequences.map((sequence) => ({ kind: "sequence", ...sequence }) as const),
];

/**
 * The scenario with these steps in place of its own. What it aims at is that its first fault hits,
 * because what else the scenario wanted to happen may need faults that are no longer there.
 */
export function withSteps(
  scenario: Scenario,
  steps: readonly Step[],
  durationMs: number,
  name = scenario.name,
): Scenario {
  const first = steps.flatMap(faultsOf).find(({ kind }) => !isLift(kind));
  const aim: readonly Aim[] =
    first === undefined ? scenario.aim : [{ kind: "faultHit", fault: first.kind, atLeast: 1 }];
  return { ...scenario, name, durationMs, faults: steps, aim };
}

export type ShrunkSteps = {
  readonly steps: readonly Step[];
  /** Candidates that were tried. */
  readonly tried: number;
  /** Nothing more can be taken away singly; false: the time was up before that was known. */
  readonly isMinimal: boolean;
};

/**
 * Takes away as many steps as possible in ever smaller runs (ddmin: Zeller and Hildebrandt, 2002)
 * while `fails` says that what is left still fails, until `mayTry` says no. A real run fails by chance,
 * so a candidate that passed may still be a failing one: the result is small, not smallest. One fault
 * always remains. `fails` may throw to end it all.
 */
export async function shrinkSteps(
  steps: readonly Step[],
  fails: (candidate: readonly Step[]) => Promise<boolean>,
  mayTry: () => boolean,
): Promise<ShrunkSteps> {
  let best = steps;
  let tried = 0;
  for (let size = Math.ceil(best.length / 2); size >= 1;) {
    let took = false;
    for (let at = 0; at < best.length;) {
      const candidate = best.toSpliced(at, size);
      if (!hasFault(candidate)) {
        at += size;
        continue;
      }
      if (!mayTry()) return { steps: best, tried, isMinimal: false };
      tried++;
      if (await fails(candidate)) {
        best = candidate;
        took = true;
      } else at += size;
    }
    if (size === 1 && !took) break;
    if (size > 1) size = Math.ceil(size / 2);
  }
  return { steps: best, tried, isMinimal: true };
}

const hasFault = (steps: readonly Step[]): boolean =>
  steps.flatMap(faultsOf).some(({ kind }) => !isLift(kind));
