import type { Check, Figure } from "../report/schema.ts";
import type { Cluster, Target } from "../target/target.ts";
import type { LoadResult, LoadSpec } from "../workload/spec.ts";
import { actionFigures, type CaseAction, performAll, scaled, type Tick } from "./actions.ts";
import { type LoadCase, type LoadSuite, PUT_LOAD } from "./dsl.ts";
import { readsCheck, readsOf } from "./reads.ts";

export type SuiteOptions = {
  readonly seed: number;
  /** Directory for the data of the clusters; each run has its own, removed after it. */
  readonly workDir: string;
  /** Short warm-up and measurement: figures to look at, not to compare. */
  readonly quick: boolean;
  /** Runs one load in a generator process and resolves with what it measured. */
  readonly runLoad: (spec: LoadSpec, watch?: LoadWatch) => Promise<LoadResult>;
  readonly removeDir: (dir: string) => Promise<void>;
  readonly onCase: (name: string, run: number) => void;
  /** What a run showed besides its figures of the load. */
  readonly onFound?: (found: Found) => void;
};

export type LoadWatch = {
  /** The generator is connected and has begun. */
  onBegun?(): void;
  onTick?(tick: Tick): void;
};

export type Found = { readonly checks: readonly Check[]; readonly figures: readonly Figure[] };

export type CaseResult = {
  readonly case: LoadCase;
  /** The run of median throughput. */
  readonly result: LoadResult;
  readonly runs: readonly LoadResult[];
};

const QUICK = { warmupMs: 500, measureMs: 1_500 };
/** Of the keys of a quick run: a million would take most of its time to put. */
const QUICK_KEYS_MAX = 20_000;
const PRELOAD_MS_MAX = 15 * 60_000;
/** Keys are put at full speed by so many clients. */
const PRELOAD_CLIENTS = 256;
/** So that values written before are not those of the measurement. */
const PRELOAD_SEED = 1_000_003;
const STATUS_WITHIN_MS = 5_000;

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
  const times = options.quick ? QUICK : suite;
  const { actions = [] } = loadCase;
  return withCluster(target, loadCase, `${run}`, seed, options, async (cluster, own) => {
    const spec = loadSpec(own, cluster, seed, times);
    if (actions.length === 0) return measured(own, cluster, spec, options);
    const at = scaled(actions, times.measureMs / suite.measureMs);
    return underActions(own, cluster, spec, at, options);
  });
}

/**
 * Calls `body` with a fresh cluster for the case, its keys put, and the case as it is run: with fewer
 * keys when that is to be quick. Afterwards nothing of it is left.
 */
export async function withCluster<C extends LoadCase, T>(
  target: Target,
  loadCase: C,
  label: string,
  seed: number,
  options: SuiteOptions,
  body: (cluster: Cluster, own: C) => Promise<T>,
): Promise<T> {
  const dir = `${options.workDir}/${loadCase.name.replaceAll(/[^a-z0-9]+/gi, "-")}-${label}`;
  const own = options.quick ? quickCase(loadCase) : loadCase;
  const cluster = await target.start({ ...own.cluster, dir, faultyLinks: false, seed });
  try {
    await preload(own, cluster, seed, options);
    return await body(cluster, own);
  } finally {
    await cluster.stop();
    await options.removeDir(dir);
  }
}

function quickCase<C extends LoadCase>(loadCase: C): C {
  const keys = Math.min(loadCase.load.keys, QUICK_KEYS_MAX);
  const { preloadKeys } = loadCase;
  const few = preloadKeys === undefined ? {} : { preloadKeys: Math.min(preloadKeys, keys) };
  return { ...loadCase, ...few, load: { ...loadCase.load, keys } };
}

/** Puts the first keys once, through the clients' protocol. Rejects when one of them could not be. */
async function preload(
  { name, load, preloadKeys = 0 }: LoadCase,
  cluster: Cluster,
  seed: number,
  { runLoad }: SuiteOptions,
): Promise<void> {
  if (preloadKeys === 0) return;
  const clients = Math.min(PRELOAD_CLIENTS, preloadKeys);
  const { counts } = await runLoad({
    ...{ ...load, mix: PUT_LOAD.mix, keyDistribution: "sequential", operations: preloadKeys },
    ...{ rate: null, clients, connections: Math.ceil(clients / 16), generators: 1, homeShare: 0 },
    ...{ address: cluster.address, seed: seed + PRELOAD_SEED, history: null },
    ...{ timeoutMs: PRELOAD_MS_MAX, warmupMs: 0, durationMs: PRELOAD_MS_MAX },
  });
  if (counts.ok === preloadKeys) return;
  throw new Error(`${name}: only ${counts.ok} of ${preloadKeys} keys could be put beforehand`);
}

export const loadSpec = (
  { load }: LoadCase,
  { address }: Cluster,
  seed: number,
  { warmupMs, measureMs }: Pick<LoadSuite, "warmupMs" | "measureMs">,
): LoadSpec => ({
  ...load,
  ...{ address, seed, warmupMs, durationMs: warmupMs + measureMs, history: null },
});

/** Void when the reads were not served the way that the case is about. */
async function measured(
  loadCase: LoadCase,
  cluster: Cluster,
  spec: LoadSpec,
  { runLoad, onFound }: SuiteOptions,
): Promise<LoadResult> {
  const result = await runLoad(spec);
  const { get, rmw = 0, scan = 0 } = spec.mix;
  if (get + rmw + scan === 0) return result;
  const check = readsCheck(loadCase, readsOf(await cluster.status(STATUS_WITHIN_MS)));
  if (check === null) return result;
  onFound?.({ checks: [check], figures: [] });
  if (check.verdict === "pass") return result;
  return { ...result, void: result.void ?? `only ${check.detail}` };
}

async function underActions(
  { name }: LoadCase,
  cluster: Cluster,
  spec: LoadSpec,
  actions: readonly CaseAction[],
  { runLoad, onFound }: SuiteOptions,
): Promise<LoadResult> {
  const ticks: Tick[] = [];
  let acting: Promise<void> = Promise.resolve();
  const result = await runLoad(spec, {
    onBegun: () => {
      acting = performAll(cluster, actions, performance.now() + spec.warmupMs);
      acting.catch(() => {}); // Told below, once the load has ended.
    },
    onTick: (tick) => ticks.push(tick),
  });
  await acting;
  const firstUs = result.startedAtUs + actions[0]!.atMs * 1000;
  onFound?.({ checks: [], figures: actionFigures(name, ticks, result.startedAtUs, firstUs) });
  return result;
}

export function medianRun(runs: readonly LoadResult[]): LoadResult {
  const sorted = [...runs].sort((a, b) => a.throughput - b.throughput);
  return sorted[(sorted.length - 1) >> 1]!;
}
