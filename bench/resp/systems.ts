import type { FigureContext } from "../../src/bench/dsl.ts";
import { procStat } from "../../src/runtime/proc.ts";
import { localTarget } from "../../src/target/local.ts";
import { redisTarget } from "../../src/target/redis/redis.ts";
import type { Target } from "../../src/target/target.ts";

/** One of the two that are compared, running. */
export type Arm = {
  /** Where redis-benchmark connects: the leader. */
  readonly port: number;
  /** Processor time of all its nodes so far. */
  cpuMs(): number;
  stop(): Promise<void>;
};

/** Three nodes of ours that sync what they acknowledge. */
export const startOurs = (context: FigureContext): Promise<Arm> =>
  start(context, localTarget, 3, "ordeal");

/** One redis-server, which syncs its append-only file before it answers. */
export const startRedis = (context: FigureContext): Promise<Arm> =>
  start(context, redisTarget, 1, "redis");

async function start(
  { dir, seed }: FigureContext,
  target: Target,
  nodes: number,
  name: string,
): Promise<Arm> {
  const cluster = await target.start({
    ...{ nodes, storage: "disk", dir: `${dir}/${name}`, faultyLinks: false, seed },
  });
  const statuses = await cluster.status(10_000);
  const pids = statuses.map(({ pid }) => pid);
  const leader = statuses.find(({ role }) => role === "leader") ?? statuses[0]!;
  const port = cluster.address.nodes.find(({ id }) => id === leader.id)!.port;
  return {
    port,
    cpuMs: () => pids.reduce((sum, pid) => sum + cpuMs(pid), 0),
    stop: () => cluster.stop(),
  };
}

function cpuMs(pid: number): number {
  const stat = procStat(pid);
  if (stat === null) throw new Error(`process ${pid} is gone, or this is no Linux`);
  return stat.cpuMs;
}
