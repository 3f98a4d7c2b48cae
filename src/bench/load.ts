import type { Target } from "../target/target.ts";
import type { LoadResult, LoadSpec } from "../workload/spec.ts";
import type { LoadCase, LoadSuite } from "./dsl.ts";

export type SuiteOptions = {
  readonly seed: number;
  /** Directory for the data of the clusters; each run has its own, removed after it. */
  readonly workDir: string;
  /** Short warm-up and measurement: figures to look at, not to compare. */
  readonly quick: boolean;
  /** Runs one load in a generator process and resolves with what it measured. */
  readonly runLoad: (spec: LoadSpec) => Promise<LoadResult>;
  readonly removeDir: (dir: string) => Promise<void>;
  readonly onCase: (name: string, run: number) => void;
};

export type CaseResult = {
  readonly case: LoadCase;
  /** The run of median throughput. */
  readonly result: LoadResult;
  readonly runs: readonly LoadResult[];
};

const QUICK = { warmupMs: 500, measureMs: 1_500 };

/**
 * Runs every case of a suite, each run on a fresh cluster: new processes, data directory and ports,
 * so that runs do not share a warm cache or a full disk. Runs go around the cases, not case by case,
 * so that a slow minute of the machine does not fall on one of them.
 */
export async function runSuite(
  target: Target,
  suite: LoadSuite,
  options: SuiteOptions,
): Promise<readonly CaseResult[]> {
  const results = suite.cases.map((): LoadResult[] => []);
  for (let run = 1; run <= suite.runs; run++) {
    for (const [i, loadCase] of suite.cases.entries()) {
      options.onCase(loadCase.name, run);
      results[i]!.push(await runCase(target, suite, loadCase, run, options));
    }
  }
  return suite.cases.map((loadCase, i) => ({
    case: loadCase,
    result: medianRun(results[i]!),
    runs: results[i]!,
  }));
}

export async function runCase(
  target: Target,
  suite: LoadSuite,
  loadCase: LoadCase,
  run: number,
  options: SuiteOptions,
): Promise<LoadResult> {
  const seed = options.seed + run;
  const dir = `${options.workDir}/${loadCase.name.replaceAll(/[^a-z0-9]+/gi, "-")}-${run}`;
  const { warmupMs, measureMs } = options.quick ? QUICK : suite;
  const cluster = await target.start({ ...loadCase.cluster, dir, faultyLinks: false, seed });
  try {
    return await options.runLoad({
      ...loadCase.load,
      address: cluster.address,
      seed,
      warmupMs,
      durationMs: warmupMs + measureMs,
      history: null,
    });
  } finally {
    await cluster.stop();
    await options.removeDir(dir);
  }
}

export function medianRun(runs: readonly LoadResult[]): LoadResult {
  const sorted = [...runs].sort((a, b) => a.throughput - b.throughput);
  return sorted[(sorted.length - 1) >> 1]!;
}
