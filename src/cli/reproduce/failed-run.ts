import { dirname, resolve } from "node:path";
import { defineScenario } from "../../chaos/dsl.ts";
import type { Scenario } from "../../chaos/scenario.ts";
import { type Schedule, scheduleOf } from "../../chaos/schedule.ts";
import { UserError } from "../../lib/user-error.ts";
import type { Report } from "../../report/schema.ts";
import { readPlace, type TargetFlags } from "../choose-target.ts";
import { readReport } from "../../report/write.ts";

/** A chaos run that failed, as its report tells of it. */
export type FailedRun = {
  readonly dir: string;
  readonly report: Report;
  readonly scenario: Scenario;
  /** What was played; the seed is needed no more. */
  readonly schedule: Schedule;
  /** Where its nodes ran. */
  readonly place: TargetFlags;
  /** The check that failed first, of correctness if one of those did. */
  readonly check: string;
};

/** Reads the report of a run at `path`. Throws UserError if there is nothing to reproduce. */
export async function readFailedRun(path: string): Promise<FailedRun> {
  const { report, file } = await readReport(path);
  const problem = (what: string, fix: string): UserError =>
    new UserError("nothing to reproduce", [{ where: file, what, fix }]);
  if (report.kind === "bench") {
    throw problem("it is the report of a bench", "give the directory of a chaos run that failed");
  }
  // Checks stand in their order of weight: linearizable, no-lost-acks, …
  const failed = report.checks.find(({ verdict }) => verdict === "fail");
  if (failed === undefined) {
    throw problem(`its verdict is ${report.verdict}`, "give the directory of a run that failed");
  }
  const { scenario, place } = (report.config ?? {}) as Partial<Record<string, unknown>> & {
    readonly scenario?: Scenario;
  };
  if (typeof scenario?.name !== "string" || !Array.isArray(scenario.faults)) {
    throw problem("it holds no scenario", `repeat the run: ${report.command}`);
  }
  defineScenario(scenario);
  const { seed, durationMs } = report;
  const schedule = scheduleOf(scenario, seed, durationMs);
  const where = readPlace(place) ?? readPlace({ target: report.target.name, network: "proxies" });
  if (where === null) {
    throw problem(`its target is "${report.target.name}"`, `repeat the run: ${report.command}`);
  }
  if (where.target === "sim") {
    throw problem("it was simulated, and does the same each time", report.command);
  }
  const dir = resolve(dirname(file));
  return { dir, report, scenario, schedule, place: where, check: failed.name };
}
