import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { LoadCase } from "../../bench/dsl.ts";
import type { CaseRun } from "../../bench/gate/session.ts";
import { linearizable, noLostAcks } from "../../chaos/judge.ts";
import { readHistory } from "../../history/codec.ts";
import { loadValues } from "../../report/compare/metrics.ts";
import type { Check } from "../../report/schema.ts";
import type { Cluster, Target } from "../../target/target.ts";
import type { LoadResult } from "../../workload/spec.ts";
import { startGenerator } from "../generator.ts";
import { readCanaries } from "./canaries.ts";

/** So many keys can all be read at the end, to see that no acknowledged write is lost. */
const FINAL_READS_KEYS_MAX = 20_000;
const CHECK = { timeoutMs: 30_000, memoryBytes: 1 << 28 } as const;

export type RunCaseOptions = {
  readonly target: Target;
  readonly seed: number;
  /** Of the data and the history, on the disk to be measured; removed afterwards. */
  readonly dir: string;
  readonly warmupMs: number;
  readonly measureMs: number;
  /** Aborting ends the run; its reason is thrown once no process of it is left. */
  readonly signal: AbortSignal;
};

/** Runs a case once: canaries, a fresh cluster under load, then its history is checked. */
export async function runCase(loadCase: LoadCase, options: RunCaseOptions): Promise<CaseRun> {
  const { dir, signal } = options;
  const history = join(dir, "history.bin");
  try {
    const canaries = await readCanaries(dir);
    signal.throwIfAborted();
    const { result, failures } = await loadFresh(loadCase, history, options);
    const { counts, curve } = result;
    return {
      metrics: loadValues(loadCase.name, result),
      canaries,
      curve,
      checks: [
        ...(await checksOf(loadCase, history)),
        nodesStayedUp(failures),
        ...(result.unread === undefined ? [] : [allRead(result.unread)]),
      ],
      errors: counts.fail + counts.info,
      void: result.void,
    };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

type Loaded = { readonly result: LoadResult; readonly failures: readonly string[] };

async function loadFresh(
  loadCase: LoadCase,
  history: string,
  { target, seed, dir, warmupMs, measureMs, signal }: RunCaseOptions,
): Promise<Loaded> {
  const options = { ...loadCase.cluster, dir: join(dir, "cluster"), faultyLinks: false, seed };
  const cluster: Cluster = await target.start(options);
  try {
    signal.throwIfAborted();
    const load = await startGenerator(
      {
        ...loadCase.load,
        ...{ address: cluster.address, seed, warmupMs, durationMs: warmupMs + measureMs },
        ...{ history, finalReads: loadCase.load.keys <= FINAL_READS_KEYS_MAX },
      },
      () => {},
    );
    const aborted = Promise.withResolvers<never>();
    const abort = (): void => aborted.reject(signal.reason);
    signal.addEventListener("abort", abort);
    try {
      const result = await Promise.race([load.done, aborted.promise]);
      return { result, failures: [...cluster.failures()] };
    } finally {
      signal.removeEventListener("abort", abort);
      await load.kill();
    }
  } finally {
    await cluster.stop();
  }
}

async function checksOf({ load }: LoadCase, path: string): Promise<readonly Check[]> {
  const history = readHistory(await readFile(path));
  const options = { ...CHECK, now: () => performance.now() };
  return [
    // Local reads may return what is out of date.
    ...(load.reads === "local" ? [] : [linearizable(history, options)]),
    ...(load.keys <= FINAL_READS_KEYS_MAX ? [noLostAcks(history)] : []),
  ];
}

function nodesStayedUp(failures: readonly string[]): Check {
  const verdict = failures.length === 0 ? "pass" : "fail";
  return { name: "nodes stayed up", verdict, detail: failures.join("; "), evidence: [] };
}

function allRead(unread: number): Check {
  const verdict = unread === 0 ? "pass" : "unknown";
  const detail = `${unread} keys could not be read at the end`;
  return { name: "all keys read", verdict, detail, evidence: [] };
}
