import { mkdir } from "node:fs/promises";
import { join, relative } from "node:path";
import type { Scenario } from "../../chaos/scenario.ts";
import { shrinkSteps, stepsOf, withSteps } from "../../chaos/shrink-faults.ts";
import { chooseTarget } from "../choose-target.ts";
import type { FailedRun } from "./failed-run.ts";
import { type Simulated, trySimulator } from "./in-simulator.ts";
import { commandFor, type ProcessOptions, type Rate, tryProcesses } from "./on-processes.ts";
import { type Replayed, replayRun } from "./replayed.ts";

export type ReproduceOptions = {
  /** Real runs for each rate that is told. */
  readonly times: number;
  /** What shrinking on real processes may take, and the search of the simulator. */
  readonly shrinkMs: number;
  readonly seedsMax: number;
  readonly now: () => number;
  /** What is being done, for people who wait. */
  readonly say: (text: string) => void;
};

/** What came of trying a failure again, in every way there is. */
export type Reproduction = {
  readonly run: string;
  readonly check: string;
  readonly repeat: string;
  readonly replayed: Replayed;
  /** The same scenario and seed on real processes. */
  readonly again: Rate;
  readonly simulated: Simulated;
  /** The faults of the simulator's shrunk schedule on real processes. */
  readonly shrunkOnProcesses: Rate | null;
  /** The scenario with the fewest faults that still failed on real processes; null: none did, or its aims are at stake. */
  readonly smallest: Smallest | null;
};

export type Smallest = Rate & {
  /** For `ordeal chaos run FILE`. */
  readonly file: string;
  readonly command: string;
  readonly faults: number;
  readonly faultsBefore: number;
  readonly isMinimal: boolean;
};

/** Targets whose nodes are those that the simulator has. */
const OWN_NODES = ["ordeal", "ordeal-netns", "attached"];
/** Which is about what the faults bring about: with fewer of them it fails all the more. */
const AIMS = "not-vacuous";
const SIMULATOR_MS_MAX = 30_000;
/** A candidate is tried until its passing that often by chance is this unlikely, or so many times. */
const CHANCE = 0.1;
const TRIES_MAX = 4;

/** Tries a failure again in all ways; what it finds is in `<run>/reproduction`. Throws Stopped. */
export async function reproduce(
  failed: FailedRun,
  options: ReproduceOptions,
): Promise<Reproduction> {
  const { dir, report, scenario, schedule, place, check } = failed;
  const reportsDir = join(dir, "reproduction");
  await mkdir(reportsDir, { recursive: true });
  const { times, now, say } = options;
  const { target } = await chooseTarget(place);
  const real = { target, place, check, seed: report.seed, reportsDir };
  say("replaying the recordings of the nodes");
  const replayed = await replayRun(dir);
  say(`the same run again on real processes, ${times} times`);
  const steps = stepsOf(schedule);
  const same = { ...withSteps(scenario, steps, schedule.durationMs), aim: scenario.aim };
  const again = await tryProcesses(same, real, times);
  say("the same faults in the simulator");
  const simulated: Simulated = OWN_NODES.includes(target.name)
    ? await trySimulator(scenario, schedule, {
        ...{ check, seed: report.seed, seedsMax: options.seedsMax, reportsDir, now },
        until: now() + Math.min(SIMULATOR_MS_MAX, options.shrinkMs),
      })
    : { kind: "skipped", reason: `the simulator runs Ordeal's own nodes, not ${target.name}` };
  const shrunkOnProcesses = await shrunkRate(scenario, simulated, real, options);
  const canShrink = again.failed > 0 && check !== AIMS;
  const smallest = canShrink ? await shrink(failed, again, real, options) : null;
  const found: Reproduction = {
    ...{ run: shown(dir), check, repeat: report.command, replayed, again: rateOf(again) },
    ...{ simulated, shrunkOnProcesses, smallest },
  };
  await Bun.write(join(reportsDir, "reproduction.json"), `${JSON.stringify(found, null, 1)}\n`);
  return found;
}

const rateOf = ({ failed, runs }: Rate): Rate => ({ failed, runs });

/** Paths as a person types them. */
const shown = (path: string): string => {
  const short = relative(process.cwd(), path);
  return short === "" ? "." : short.startsWith("..") ? path : short;
};

async function shrunkRate(
  scenario: Scenario,
  simulated: Simulated,
  real: ProcessOptions,
  { times, say }: ReproduceOptions,
): Promise<Rate | null> {
  if (simulated.kind !== "reproduced") return null;
  say(`the shrunk schedule of the simulator on real processes, ${times} times`);
  const { durationMs } = simulated.schedule;
  const faults = withSteps(scenario, stepsOf(simulated.schedule), durationMs);
  return rateOf(await tryProcesses(faults, real, times));
}

/** Fewer and fewer of the run's own faults, while real processes still fail. */
async function shrink(
  { scenario, schedule }: FailedRun,
  again: Rate,
  real: ProcessOptions,
  { times, shrinkMs, now, say }: ReproduceOptions,
): Promise<Smallest | null> {
  const tries = triesFor(again);
  const until = now() + shrinkMs;
  say(`fewer faults on real processes, ${tries} runs each, for at most ${shrinkMs / 1000} s`);
  const { durationMs } = schedule;
  const steps = stepsOf(schedule);
  const shrunk = await shrinkSteps(
    steps,
    async (candidateSteps) => {
      const candidate = withSteps(scenario, candidateSteps, durationMs);
      return (await tryProcesses(candidate, real, tries, true)).failed > 0;
    },
    () => now() < until,
  );
  const smallest = withSteps(scenario, shrunk.steps, durationMs, `${scenario.name}-smallest`);
  const file = join(real.reportsDir, "smallest.json");
  await Bun.write(file, `${JSON.stringify(smallest, null, 1)}\n`);
  say(`the smallest of them, ${times} times`);
  const rate = rateOf(await tryProcesses(smallest, real, times));
  return {
    ...rate,
    file: shown(file),
    command: commandFor(shown(file), real, durationMs),
    faults: shrunk.steps.length,
    faultsBefore: steps.length,
    isMinimal: shrunk.isMinimal,
  };
}

/** Runs after which one that fails at this rate has most likely failed. */
export function triesFor({ failed, runs }: Rate): number {
  // As if one more run had passed: five failures in five are no proof of always.
  const passes = 1 - failed / (runs + 1);
  return Math.min(TRIES_MAX, Math.max(1, Math.ceil(Math.log(CHANCE) / Math.log(passes))));
}
