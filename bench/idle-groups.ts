import { readFileSync } from "node:fs";
import { defineFigureSuite, type Figure, figure, type FigureContext } from "../src/bench/dsl.ts";
import { percentile } from "../src/lib/stats.ts";
import { procStat } from "../src/runtime/proc.ts";
import { localTarget } from "../src/target/local.ts";
import type { Cluster } from "../src/target/target.ts";

const NODES = 5;
const GROUPS = 1_000;
const GROUPS_QUICK = 40;
/** Those that have shards; the others run and have not joined. */
const JOINED_SHARE = 0.1;
/** Until all groups sleep, and what a start leaves behind (compiling, garbage) is done. */
const SETTLE_MS = 30_000;
const WATCH_MS = 20_000;
const GOAL_SHARE = 0.05;
const GOAL_MIB = 100;
const WAKES = 100;
/** The status of a node that does not lead the key's group. */
const MISDIRECTED = 421;

/** What groups cost that nobody uses, and how long one takes that is used again. */
export default defineFigureSuite({
  name: "idle-groups",
  about:
    "Processor time and memory of 5 nodes with 1,000 idle groups of 3 replicas, and the first put to a group that sleeps.",
  run: async (context) => {
    const { dir, seed, quick, progress } = context;
    const groups = quick ? GROUPS_QUICK : GROUPS;
    const joined = Math.ceil(groups * JOINED_SHARE);
    progress(`${groups.toLocaleString("en-US")} groups on ${NODES} nodes`);
    const cluster = await localTarget.start({
      ...{ nodes: NODES, storage: "disk", dir: `${dir}/cluster`, faultyLinks: false, seed },
      sharded: { shards: joined, groups: joined, replicas: 3, idleGroups: groups - joined },
    });
    try {
      await Bun.sleep(quick ? 500 : SETTLE_MS);
      return [
        ...(await idleFigures(cluster, groups, context)),
        ...(await wakeFigures(cluster, context)),
      ];
    } finally {
      await cluster.stop();
    }
  },
});

async function idleFigures(
  cluster: Cluster,
  groups: number,
  { quick, progress }: FigureContext,
): Promise<readonly Figure[]> {
  progress("nobody asks for anything");
  const pids = (await cluster.status(5_000)).map(({ pid }) => pid);
  const before = pids.map(cpuMs);
  const from = performance.now();
  await Bun.sleep(quick ? 1_000 : WATCH_MS);
  const watchedMs = performance.now() - from;
  const used = pids.map((pid, i) => cpuMs(pid) - before[i]!);
  const share = used.reduce((sum, ms) => sum + ms, 0) / watchedMs;
  const most = (Math.max(...used) / watchedMs) * 100;
  const about = `${groups.toLocaleString("en-US")} idle groups on ${NODES} nodes`;
  return [
    figure(`${about}, share of a core in all`, share, "ratio", {
      goal: { atMost: GOAL_SHARE },
      note: `the busiest node ${most.toFixed(2)} %`,
    }),
    figure("RSS of a node", Math.max(...pids.map(rssMiB)), "MiB", {
      goal: { atMost: GOAL_MIB },
      note: `the largest of ${NODES}`,
    }),
  ];
}

/** Puts over HTTP to one key after the other, each twice: most keys are of a group that sleeps the first time. */
async function wakeFigures(
  cluster: Cluster,
  { quick, progress }: FigureContext,
): Promise<readonly Figure[]> {
  progress("waking groups");
  const ports = (await cluster.status(5_000)).map(({ httpPort }) => httpPort);
  const asleep: number[] = [];
  const awake: number[] = [];
  const wakes = quick ? 10 : WAKES;
  // What the first requests of a process cost is not what a group costs that wakes.
  for (let i = -ports.length; i < wakes; i++) {
    const url = await leaderUrl(ports, `key ${i}`);
    const [first, again] = [await putMs(url), await putMs(url)];
    if (i < 0) continue;
    asleep.push(first);
    awake.push(again);
  }
  const note = "over HTTP, to the leader";
  return [
    figure("first put to an idle group, median", percentile(asleep, 0.5), "ms", { note }),
    figure("first put to an idle group, p99", percentile(asleep, 0.99), "ms", { note }),
    figure("the same put again, median", percentile(awake, 0.5), "ms", { note }),
  ];
}

/** Of the key, at the node that leads its group. Local reads, by which it is found, wake nobody. */
async function leaderUrl(ports: readonly number[], key: string): Promise<string> {
  for (const port of ports) {
    const url = `http://127.0.0.1:${port}/kv/${encodeURIComponent(key)}`;
    const response = await fetch(`${url}?local=true`);
    await response.arrayBuffer();
    if (response.status !== MISDIRECTED) return url;
  }
  throw new Error(`no node leads the group of ${key}`);
}

async function putMs(url: string): Promise<number> {
  const from = performance.now();
  const response = await fetch(url, { method: "PUT", body: "v" });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`PUT ${url}: ${response.status}`);
  return performance.now() - from;
}

function cpuMs(pid: number): number {
  const stat = procStat(pid);
  if (stat === null) throw new Error(`process ${pid} is gone, or this is no Linux`);
  return stat.cpuMs;
}

function rssMiB(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib) / 1024;
}
