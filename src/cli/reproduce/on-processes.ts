import { rm } from "node:fs/promises";
import type { Scenario } from "../../chaos/scenario.ts";
import { durationAsFlag } from "../../chaos/options.ts";
import type { Report } from "../../report/schema.ts";
import type { Target } from "../../target/target.ts";
import { targetAsFlags, type TargetFlags } from "../choose-target.ts";
import { runAndShow } from "../run-scenario.ts";

/** How often a scenario failed on real processes, by the check that it is about. */
export type Rate = { readonly failed: number; readonly runs: number };

export type ProcessOptions = {
  readonly target: Target;
  readonly place: TargetFlags;
  /** The failed check that counts. */
  readonly check: string;
  readonly seed: number;
  readonly reportsDir: string;
};

/** Somebody pressed Ctrl-C. */
export class Stopped extends Error {
  override readonly name = "Stopped";
}

/**
 * Runs the scenario `times` times, with the same seed each; up to the first failure if `untilFailure`.
 * Runs that fail keep their report, with recordings of their nodes; others leave nothing. Throws Stopped.
 */
export async function tryProcesses(
  scenario: Scenario,
  options: ProcessOptions,
  times: number,
  untilFailure = false,
): Promise<Rate & { readonly reports: readonly string[] }> {
  const reports: string[] = [];
  let runs = 0;
  while (runs < times && !(untilFailure && reports.length > 0)) {
    const outcome = await once(scenario, options);
    runs++;
    if (hasFailed(outcome.report, options.check)) reports.push(outcome.dir);
    else await rm(outcome.dir, { recursive: true, force: true });
  }
  return { failed: reports.length, runs, reports };
}

export const hasFailed = ({ checks }: Report, check: string): boolean =>
  checks.some(({ name, verdict }) => name === check && verdict === "fail");

/** Runs `what`, a scenario or a file, where these options say. */
export const commandFor = (
  what: string,
  { place, seed }: Pick<ProcessOptions, "place" | "seed">,
  durationMs: number,
): string =>
  `ordeal chaos run ${what} --seed ${seed} --duration ${durationAsFlag(durationMs)}${targetAsFlags(place)}`;

async function once(scenario: Scenario, options: ProcessOptions) {
  const { target, place, seed, reportsDir } = options;
  const { durationMs } = scenario;
  const outcome = await runAndShow(scenario, {
    ...{ kind: "chaos", seed, durationMs, target, place, reportsDir, keep: false },
    ...{ record: "failures", command: commandFor(scenario.name, options, durationMs) },
  });
  if (outcome === null) throw new Stopped("interrupted");
  return outcome;
}
