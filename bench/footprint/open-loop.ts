import { type Figure, figure, type FigureContext, PUT_LOAD } from "../../src/bench/dsl.ts";
import type { LoopLagReport } from "../../src/runtime/loop-lag.ts";
import { localTarget } from "../../src/target/local.ts";
import type { NodeStatus } from "../../src/target/target.ts";
import type { LoadResult } from "../../src/workload/spec.ts";
import { startLoad } from "./load.ts";

const RATE = 20_000;
/** Compilers work for about as long (bench/speed.ts). */
const WARMUP_MS = 16_000;
const MEASURE_MS = 60_000;
/** So that several snapshots fall into a minute of 6 MiB a second, and not only the logs' segments. */
const SNAPSHOT_EVERY_BYTES = 64 << 20;
const ASK_EVERY_MS = 1_000;
const GOALS = { p99Ms: 5, p999Ms: 20, pauseMs: 50 } as const;

type Watched = { readonly pauseMs: number; readonly node: number; readonly snapshots: number };

/** Response times and pauses of the nodes' event loops under a steady load, with snapshots. */
export async function openLoopFigures(context: FigureContext): Promise<readonly Figure[]> {
  const { dir, seed, quick, progress } = context;
  const measureMs = quick ? 2_000 : MEASURE_MS;
  const warmupMs = quick ? 1_000 : WARMUP_MS;
  progress(`${RATE.toLocaleString("en-US")} puts a second for ${measureMs / 1000} s`);
  const cluster = await localTarget.start({
    ...{ nodes: 3, storage: "disk", dir: `${dir}/open-loop`, faultyLinks: false, seed },
    snapshotEveryBytes: quick ? 1 << 20 : SNAPSHOT_EVERY_BYTES,
  });
  try {
    const nodes = await cluster.status(5_000);
    const load = startLoad({
      ...PUT_LOAD,
      ...{ clients: 256, connections: 16, rate: RATE, arrivals: "poisson" as const },
      ...{ pacing: "event" as const },
      ...{ address: cluster.address, seed, history: null },
      ...{ warmupMs, durationMs: warmupMs + measureMs },
    });
    try {
      await Bun.sleep(warmupMs);
      const watched = watch(nodes, measureMs);
      return figuresOf(await load.done, await watched, measureMs);
    } finally {
      await load.kill();
    }
  } finally {
    await cluster.stop();
  }
}

/** The longest pause of each node, as they report it once a second. */
async function watch(nodes: readonly NodeStatus[], forMs: number): Promise<Watched> {
  const until = performance.now() + forMs;
  const snapshots = new Set<string>();
  let [pauseMs, worst] = [0, 0];
  for (let round = 0; performance.now() < until; round++) {
    for (const { id, httpPort } of nodes) {
      const lag = await ask<LoopLagReport>(httpPort, "lag");
      if (round > 0 && lag.maxMs > pauseMs) [pauseMs, worst] = [lag.maxMs, id];
      const { snapshotIndex } = await ask<{ snapshotIndex: number }>(httpPort, "status");
      if (snapshotIndex > 0) snapshots.add(`${id} ${snapshotIndex}`);
    }
    await Bun.sleep(ASK_EVERY_MS);
  }
  return { pauseMs, node: worst, snapshots: snapshots.size };
}

async function ask<T>(httpPort: number, path: string): Promise<T> {
  const reply = await fetch(`http://127.0.0.1:${httpPort}/${path}`);
  return (await reply.json()) as T;
}

function figuresOf(result: LoadResult, watched: Watched, measureMs: number): readonly Figure[] {
  const { response, throughput, counts, dropped } = result;
  const lost = counts.fail + counts.info + dropped;
  const how = `${Math.round(throughput)} ok/s for ${measureMs / 1000} s, ${lost} not ok`;
  return [
    figure("open loop of 20,000 puts/s: response, p99", response.p99 / 1000, "ms", {
      goal: { atMost: GOALS.p99Ms },
      note: how,
    }),
    figure("open loop of 20,000 puts/s: response, p99.9", response.p999 / 1000, "ms", {
      goal: { atMost: GOALS.p999Ms },
      note: `longest ${(response.max / 1000).toFixed(1)} ms`,
    }),
    figure("open loop of 20,000 puts/s: longest pause of a node", watched.pauseMs, "ms", {
      goal: { atMost: GOALS.pauseMs },
      note: `event-loop lag of node ${watched.node}; ${watched.snapshots} snapshots were taken`,
    }),
  ];
}
