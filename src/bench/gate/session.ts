import { median } from "../../lib/stats.ts";
import {
  type GateFound,
  type GatePlan,
  type GateStep,
  nextStep,
} from "../../report/compare/paired.ts";
import type { RunPair } from "../../report/compare/runs.ts";
import type { Check } from "../../report/schema.ts";
import type { LoadCase } from "../dsl.ts";
import type { Curve } from "./curves.ts";
import type { GateRun } from "./gate-run.ts";
import { casesFor } from "./metrics.ts";
import { type ArmName, firstArm, otherArm } from "./plan.ts";

/** One case of one run: fresh processes, data directory and ports. */
export type CaseRun = Pick<GateRun, "metrics" | "canaries" | "checks" | "errors" | "void"> & {
  readonly curve: Curve;
};

export type GateProgress = {
  readonly step: RunStep;
  /** Of the session that runs, those that have ended. */
  readonly pairs: readonly RunPair[];
  readonly arm: ArmName;
  readonly caseName: string;
};

/** Runs one case on one arm; `seed` is the same for both arms of a pair. */
export type RunGateCase = (arm: ArmName, loadCase: LoadCase, seed: number) => Promise<CaseRun>;

export type PairOptions = {
  readonly cases: readonly LoadCase[];
  readonly seed: number;
  readonly runCase: RunGateCase;
  readonly onProgress: (progress: GateProgress) => void;
};

export type GateOptions = PairOptions & {
  readonly plan: GatePlan;
  readonly now: () => Date;
};

export type GateOutcome = {
  readonly found: GateFound;
  /** Every run, for the curves. */
  readonly runs: readonly GateRun[];
};

export type RunStep = Extract<GateStep, { kind: "run" }>;
export type GatePair = RunPair & { readonly base: GateRun; readonly head: GateRun };

/** Runs pairs until report/compare/paired.ts has found what there is to find. */
export async function runGate(options: GateOptions): Promise<GateOutcome> {
  const sessions: { readonly startedAt: string; readonly pairs: GatePair[] }[] = [];
  for (;;) {
    const step = nextStep(options.plan, sessions);
    if (step.kind === "done") {
      const pairs = sessions.flatMap((session) => session.pairs);
      return { found: step.found, runs: pairs.flatMap(({ base, head }) => [base, head]) };
    }
    const session = (sessions[step.session] ??= {
      startedAt: options.now().toISOString(),
      pairs: [],
    });
    session.pairs.push(await runPair(step, session.pairs, options));
  }
}

/** Runs every case of a pair that the step needs, first on one arm, then on the other. */
export async function runPair(
  step: RunStep,
  before: readonly RunPair[],
  { cases, seed, runCase, onProgress }: PairOptions,
): Promise<GatePair> {
  const runs = { base: new Map<string, CaseRun>(), head: new Map<string, CaseRun>() };
  const pair = before.length;
  // No two pairs of a gate draw the same keys.
  const pairSeed = seed + step.session * 1_000 + pair;
  for (const [at, loadCase] of casesFor(step.metrics, cases).entries()) {
    const first = firstArm(seed + step.session, pair, at);
    for (const arm of [first, otherArm(first)]) {
      onProgress({ step, pairs: before, arm, caseName: loadCase.name });
      runs[arm].set(loadCase.name, await runUsable(() => runCase(arm, loadCase, pairSeed)));
    }
  }
  return { base: runOf("base", runs.base), head: runOf("head", runs.head) };
}

/**
 * A machine that stalled for a moment must not cost the pairs before: what is void, and nothing worse,
 * is run once more. A generator that is the bottleneck will be so again.
 */
async function runUsable(run: () => Promise<CaseRun>): Promise<CaseRun> {
  const first = await run();
  const isSound = first.errors === 0 && first.checks.every(({ verdict }) => verdict === "pass");
  return first.void !== null && isSound ? run() : first;
}

/** The cases of a run put together. */
function runOf(arm: ArmName, byCase: ReadonlyMap<string, CaseRun>): GateRun {
  const cases = [...byCase.values()];
  const voids = [...byCase].filter(([, run]) => run.void !== null);
  const names = Object.keys(cases[0]?.canaries ?? {});
  return {
    arm,
    metrics: Object.assign({}, ...cases.map(({ metrics }) => metrics)) as GateRun["metrics"],
    canaries: Object.fromEntries(
      names.map((name) => [name, median(cases.map(({ canaries }) => canaries[name]!))]),
    ),
    curves: Object.fromEntries([...byCase].map(([name, { curve }]) => [name, curve])),
    checks: [...byCase].flatMap(([name, { checks }]) => checks.map((check) => ofCase(name, check))),
    errors: cases.reduce((sum, { errors }) => sum + errors, 0),
    void: voids.length === 0 ? null : voids.map(([name, run]) => `${name}: ${run.void}`).join("; "),
  };
}

const ofCase = (caseName: string, check: Check): Check => ({
  ...check,
  detail: `${caseName}: ${check.detail}`,
});
