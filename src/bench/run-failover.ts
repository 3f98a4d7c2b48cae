import { Prng } from "../lib/prng.ts";
import type { Cluster, NodeStatus, Target } from "../target/target.ts";
import type { LoadResult, LoadSpec } from "../workload/spec.ts";
import type { FailoverSuite } from "./dsl.ts";
import { type FailoverTimes, failoverTimes, type FirstAck, type Kill } from "./failover.ts";
import { type SuiteOptions, withCluster } from "./load.ts";

const QUICK_KILLS = 2;
const STATUS_WITHIN_MS = 2_000;
/** Everything of one failover: also on a machine that is very busy. */
const WITHIN_MS = 60_000;
const POLL_MS = 25;
/** All is quiet for so long before a kill, and up to as much longer: heartbeats are at any phase. */
const SETTLED_MS = 300;

export type RunningWrites = {
  /** Ends the load; its history is then on disk. */
  stop(): Promise<LoadResult>;
  kill(): Promise<void>;
};

export type FailoverOptions = SuiteOptions & {
  /** Starts a load that goes on until it is stopped. */
  readonly startLoad: (spec: LoadSpec) => Promise<RunningWrites>;
  readonly readFirstAck: (historyPath: string) => Promise<FirstAck>;
};

export type FailoverResult = {
  readonly name: string;
  readonly goalMs: number | undefined;
  readonly times: readonly FailoverTimes[];
  readonly result: LoadResult;
};

/** Kills leaders one after the other, each case on one cluster of its own. */
export async function runFailovers(
  target: Target,
  suite: FailoverSuite,
  options: FailoverOptions,
): Promise<readonly FailoverResult[]> {
  const results: FailoverResult[] = [];
  const kills = options.quick ? Math.min(QUICK_KILLS, suite.kills) : suite.kills;
  for (const [i, failoverCase] of suite.cases.entries()) {
    const { name, goalMs } = failoverCase;
    const seed = options.seed + i;
    const history = `${options.workDir}/history-${i}.ohist`;
    results.push(
      await withCluster(target, failoverCase, "1", seed, options, async (cluster, { load }) => {
        const spec = { ...load, address: cluster.address, seed, history };
        const writes = await options.startLoad({ ...spec, warmupMs: 0, durationMs: null });
        try {
          const done = await killLeaders(cluster, kills, new Prng(seed), (n) =>
            options.onCase(`${name}, kill`, n),
          );
          const result = await writes.stop();
          const firstAck = await options.readFirstAck(history);
          const times = failoverTimes(done, await cluster.events(), firstAck);
          return { name, goalMs, times, result };
        } finally {
          await writes.kill();
        }
      }),
    );
  }
  return results;
}

async function killLeaders(
  cluster: Cluster,
  count: number,
  prng: Prng,
  onKill: (n: number) => void,
): Promise<readonly Kill[]> {
  const kills: Kill[] = [];
  for (let n = 1; n <= count; n++) {
    onKill(n);
    await until("all nodes are up behind one leader", cluster, isWhole);
    await Bun.sleep(SETTLED_MS * (1 + prng.float()));
    const { nodes, atUs } = await cluster.fault({ kind: "crash", nodes: { kind: "leader" } });
    const [leader] = nodes;
    if (leader === undefined) throw new Error("there was no leader to kill");
    kills.push({ leader, atUs });
    await until("another node leads", cluster, (all) => (leaderIn(all) ?? leader) !== leader);
    await Bun.sleep(SETTLED_MS);
    await cluster.fault({ kind: "restart", nodes: { kind: "all" } });
  }
  return kills;
}

/** Of the highest term: a node that was deposed may not know it yet. */
function leaderIn(all: readonly NodeStatus[]): number | undefined {
  return all.filter(({ role }) => role === "leader").sort((a, b) => b.term - a.term)[0]?.id;
}

function isWhole(all: readonly NodeStatus[]): boolean {
  const leader = all.find(({ id }) => id === leaderIn(all));
  return (
    leader !== undefined &&
    all.every((node) => node.role !== "down" && node.term === leader.term) &&
    all.every((node) => node.appliedIndex > 0)
  );
}

async function until(
  what: string,
  cluster: Cluster,
  holds: (all: readonly NodeStatus[]) => boolean,
): Promise<void> {
  const deadline = performance.now() + WITHIN_MS;
  while (!holds(await cluster.status(STATUS_WITHIN_MS))) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${WITHIN_MS} ms`);
    await Bun.sleep(POLL_MS);
  }
}
