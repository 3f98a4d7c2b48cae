import { type Figure, figure, type FigureContext } from "../../src/bench/dsl.ts";
import { procStat } from "../../src/runtime/proc.ts";
import { localTarget } from "../../src/target/local.ts";

const NODES = 5;
/** Until what a start leaves behind (compiling, garbage) is done. */
const SETTLE_MS = 30_000;
const WATCH_MS = 20_000;
const GOAL_SHARE = 0.02;

/** Processor time of all nodes of a cluster that nobody asks for anything. */
export async function idleFigure({ dir, seed, quick, progress }: FigureContext): Promise<Figure> {
  progress(`an idle cluster of ${NODES} nodes`);
  const cluster = await localTarget.start({
    ...{ nodes: NODES, storage: "disk", dir: `${dir}/idle`, faultyLinks: false, seed },
  });
  try {
    const pids = (await cluster.status(5_000)).map(({ pid }) => pid);
    await Bun.sleep(quick ? 500 : SETTLE_MS);
    const before = pids.map(cpuMs);
    const from = performance.now();
    await Bun.sleep(quick ? 1_000 : WATCH_MS);
    const watchedMs = performance.now() - from;
    const used = pids.map((pid, i) => cpuMs(pid) - before[i]!);
    const share = used.reduce((sum, ms) => sum + ms, 0) / watchedMs;
    const most = (Math.max(...used) / watchedMs) * 100;
    return figure("idle cluster of 5 nodes, share of a core", share, "ratio", {
      goal: { atMost: GOAL_SHARE },
      note: `the busiest node ${most.toFixed(2)} %`,
    });
  } finally {
    await cluster.stop();
  }
}

function cpuMs(pid: number): number {
  const stat = procStat(pid);
  if (stat === null) throw new Error(`process ${pid} is gone, or this is no Linux`);
  return stat.cpuMs;
}
