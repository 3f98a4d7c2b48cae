import type { Sweep, SweepStep } from "../report/schema.ts";
import type { Target } from "../target/target.ts";
import type { LoadResult } from "../workload/spec.ts";
import type { SweepSuite } from "./dsl.ts";
import { loadSpec, type SuiteOptions, withCluster } from "./load.ts";
import { nextRate, stepOf, sweepOf } from "./sweep.ts";

const QUICK = { warmupMs: 300, measureMs: 1_000 };
const QUICK_STEPS_MAX = 3;

export type SweepResult = {
  readonly sweep: Sweep;
  /** The run at the highest rate that passed, or the last one when none did. */
  readonly result: LoadResult;
};

/** Searches case by case: the runs of one search depend on each other. */
export async function runSweeps(
  target: Target,
  suite: SweepSuite,
  options: SuiteOptions,
): Promise<readonly SweepResult[]> {
  const results: SweepResult[] = [];
  for (const sweepCase of suite.cases) {
    const { name } = sweepCase;
    const { stepsMax } = sweepCase.plan;
    const plan = {
      ...sweepCase.plan,
      stepsMax: options.quick ? Math.min(QUICK_STEPS_MAX, stepsMax) : stepsMax,
    };
    const steps: SweepStep[] = [];
    let kept: { readonly rate: number; readonly result: LoadResult } | null = null;
    for (let rate = nextRate(plan, steps); rate !== null; rate = nextRate(plan, steps)) {
      options.onCase(`${name}, ${rate}/s`, steps.length + 1);
      const result = await runStep(target, suite, sweepCase, rate, steps.length + 1, options);
      const step = stepOf(plan, rate, result);
      if (kept === null || (step.ok && rate >= kept.rate)) kept = { rate, result };
      steps.push(step);
    }
    results.push({ sweep: sweepOf(name, plan, steps), result: kept!.result });
  }
  return results;
}

function runStep(
  target: Target,
  suite: SweepSuite,
  sweepCase: SweepSuite["cases"][number],
  rate: number,
  step: number,
  options: SuiteOptions,
): Promise<LoadResult> {
  const seed = options.seed + step;
  const times = options.quick ? QUICK : suite;
  return withCluster(target, sweepCase, `${step}`, seed, options, (cluster, own) =>
    options.runLoad({ ...loadSpec(own, cluster, seed, times), rate }),
  );
}
