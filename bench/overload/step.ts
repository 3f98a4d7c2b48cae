import { readFileSync } from "node:fs";
import { PUT_LOAD } from "../../src/bench/dsl.ts";
import type { Cluster } from "../../src/target/target.ts";
import type { LoadEvent, LoadResult, LoadShape, LoadSpec } from "../../src/workload/spec.ts";
import { startLoad } from "../footprint/load.ts";
import type { Work } from "./bottlenecks.ts";
import { pin } from "./pin.ts";

const RSS_EVERY_MS = 250;
const STATUS_WITHIN_MS = 5_000;
const TIMEOUT_MS = 5_000;
const CONNECTIONS = 4;
const KEYS = 1_000;

/** What is offered to a cluster for a while. */
export type Step = Pick<LoadShape, "clients" | "rate"> & {
  readonly work: Work;
  readonly cluster: Cluster;
  readonly seed: number;
  readonly warmupMs: number;
  readonly measureMs: number;
  /** The processor that the generator has for itself; null: any. */
  readonly processor: number | null;
};

/** What came of it. */
export type Stepped = {
  readonly result: LoadResult;
  /**
   * Operations that ended well in a second of the measured time. Not the throughput of the result: that leaves out what began
   * before, half a second of work when there is a queue.
   */
  readonly goodput: number;
  /** Operations a second that a node refused, and that the client refused itself. */
  readonly refused: number;
  readonly shed: number;
  /** RSS of each node before and after, and of the largest from time to time, MiB. */
  readonly before: readonly number[];
  readonly during: readonly number[];
  readonly after: readonly number[];
};

type Tick = LoadEvent & { readonly kind: "tick" };

export async function runStep(step: Step): Promise<Stepped> {
  const { cluster, seed, clients, rate, work, warmupMs, measureMs, processor } = step;
  const pids = (await cluster.status(STATUS_WITHIN_MS)).map(({ pid }) => pid);
  const before = rssMiB(pids);
  const during: number[] = [];
  const ticks: Tick[] = [];
  const spec: LoadSpec = {
    ...{ ...PUT_LOAD, ...work, clients, rate, address: cluster.address, seed, history: null },
    ...{ arrivals: "poisson", pacing: "event", connections: CONNECTIONS, keys: KEYS },
    ...{ timeoutMs: TIMEOUT_MS, warmupMs, durationMs: warmupMs + measureMs },
  };
  const generator = startLoad(spec, (tick) => ticks.push(tick));
  const timer = setInterval(() => during.push(Math.max(...rssMiB(pids))), RSS_EVERY_MS);
  try {
    if (processor !== null) pin(generator.pid, processor);
    const result = await generator.done;
    const { counts, measuredMs, shed = 0 } = result;
    return {
      ...{ result, before, during, after: rssMiB(pids) },
      goodput: goodputOf(ticks, warmupMs, warmupMs + measureMs),
      refused: ((counts.fail - shed) * 1000) / measuredMs,
      shed: (shed * 1000) / measuredMs,
    };
  } finally {
    clearInterval(timer);
    await generator.kill();
  }
}

/** Of the intervals that begin at `fromMs` or later and end by `toMs`. */
function goodputOf(ticks: readonly Tick[], fromMs: number, toMs: number): number {
  let [at, ok, ms] = [0, 0, 0];
  for (const { intervalMs, counts } of ticks) {
    at += intervalMs;
    if (at - intervalMs < fromMs || at > toMs) continue;
    ok += counts.ok;
    ms += intervalMs;
  }
  return (ok * 1000) / ms;
}

const rssMiB = (pids: readonly number[]): readonly number[] =>
  pids.map((pid) => {
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return Number(kib) / 1024;
  });
