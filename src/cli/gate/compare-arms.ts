import { join } from "node:path";
import type { LoadSuite } from "../../bench/dsl.ts";
import { curvesOf } from "../../bench/gate/curves.ts";
import { CANARY_METRICS, metricsOf, type Thresholds } from "../../bench/gate/metrics.ts";
import type { ArmName } from "../../bench/gate/plan.ts";
import { progressText } from "../../bench/gate/progress.ts";
import { type GateProgress, type RunGateCase, runGate } from "../../bench/gate/session.ts";
import { UserError } from "../../lib/user-error.ts";
import { COMPARISON_SCHEMA, type Comparison, type Side } from "../../report/compare/comparison.ts";
import { planGate } from "../../report/compare/paired.ts";
import { readEnvironment } from "../../report/environment.ts";
import { newRunId } from "../../report/write.ts";
import { aboutArm, type Arms } from "./arms.ts";
import { runCase } from "./run-case.ts";

export type GateSettings = {
  readonly arms: Arms;
  /** Its cases; its times are those of `warmupMs` and `measureMs`. */
  readonly suite: LoadSuite;
  /** Until the first look. */
  readonly pairs: number;
  readonly seed: number;
  readonly warmupMs: number;
  readonly measureMs: number;
  readonly thresholds: Thresholds;
  /** The exact command that repeats it. */
  readonly command: string;
  /** For the data of the runs, on the disk to be measured. */
  readonly workDir: string;
  readonly signal: AbortSignal;
  /** A line of progress. */
  readonly tell: (line: string) => void;
};

/** Runs the gate over two arms. Throws the signal's reason when it aborts; no process is left then. */
export async function compareArms(settings: GateSettings): Promise<Comparison> {
  const { suite, arms, pairs, seed, thresholds, command } = settings;
  const { cases } = suite;
  const startedAt = new Date();
  const metrics = metricsOf(
    cases.map(({ name }) => name),
    thresholds,
  );
  const { found, runs } = await runGate({
    plan: planGate(metrics, CANARY_METRICS, pairs),
    ...{ cases, seed, runCase: runnerOf(settings), now: () => new Date() },
    onProgress: progressOf(settings.tell),
  });
  const side = (arm: ArmName): Side => ({
    label: arms[arm].label,
    code: arms[arm].code,
    environment: readEnvironment(),
    about: aboutArm(arms[arm], cases),
    curves: curvesOf(arm, runs),
  });
  return {
    schema: COMPARISON_SCHEMA,
    runId: newRunId(startedAt, seed),
    mode: "paired",
    name: suite.name,
    startedAt: startedAt.toISOString(),
    durationMs: Date.now() - startedAt.getTime(),
    command,
    base: side("base"),
    head: side("head"),
    differences: [],
    ...found,
  };
}

/** Runs cases on these arms, each in a directory of its own. */
export function runnerOf(
  settings: Pick<GateSettings, "arms" | "workDir" | "warmupMs" | "measureMs" | "signal">,
): RunGateCase {
  const { arms, workDir, warmupMs, measureMs, signal } = settings;
  let runs = 0;
  return (arm, loadCase, seed) => {
    signal.throwIfAborted();
    const dir = join(workDir, `run-${++runs}`);
    const { target, label } = arms[arm];
    return runCase(loadCase, { target, seed, dir, warmupMs, measureMs, signal }).catch(
      (error: unknown) => {
        if (signal.aborted || error instanceof UserError) throw error;
        const what = `${arm} (${label}) could not run "${loadCase.name}", run ${runs}`;
        throw new Error(`${what}: ${(error as Error).message}`, { cause: error });
      },
    );
  };
}

/** Tells of each pair as it begins, once. */
export function progressOf(tell: (line: string) => void): (progress: GateProgress) => void {
  let told = "";
  let since = performance.now();
  let first = 0;
  return (progress) => {
    const { session } = progress.step;
    const pair = `${session}/${progress.pairs.length}`;
    if (pair === told) return;
    // Time for a pair is measured anew in each session: it may run fewer cases.
    if (!told.startsWith(`${session}/`))
      [since, first] = [performance.now(), progress.pairs.length];
    told = pair;
    const ran = progress.pairs.length - first;
    tell(progressText(progress, ran === 0 ? null : (performance.now() - since) / ran));
  };
}
