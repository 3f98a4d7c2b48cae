import { defineFigureSuite, type Figure, type FigureContext, figure } from "../src/bench/dsl.ts";
import { abba, ratioOf, samplesOf, spreadText } from "../src/bench/measure.ts";
import { median } from "../src/lib/stats.ts";
import { localTarget } from "../src/target/local.ts";
import { ShardAdmin } from "../src/target/shards/shard-admin.ts";
import type { Cluster, ClusterOptions } from "../src/target/target.ts";
import { putsOf, type PutsPlan } from "./footprint/puts.ts";

const NODES = 4;
const REPLICAS = 3;
const SHARDS = 12;
const GROUPS = 4;
const LED_WITHIN_MS = 30_000;
const LOOK_MS = 50;
/** Of a load generator, over all leaders: as many clients share one, and so a read or a write, in both clusters. */
const CONNECTIONS = 16;
/** What each leader has under way at a time bounds its batches: the fewer, the more each put costs. */
const CLIENTS = [256, 2048];
const FULL = { warmupMs: 1_000, measureMs: 3_000, rounds: 3 } as const;
const QUICK = { warmupMs: 200, measureMs: 500, rounds: 1 } as const;

/**
 * Puts a second of one cluster with one group of shards and of one with four, each led by a node of its own; the
 * same nodes, shards and clients, in turns. All nodes and the clients share the cores of this machine, which
 * bounds it: what groups add when each node has a core is simulated (bench shards-scaling).
 */
export default defineFigureSuite({
  name: "shards-throughput",
  about:
    "Puts by 256 and by 2,048 clients to four groups with a leader each, against one group on the same four nodes, in turns. The cores of one machine bound it; `shards-scaling` simulates a core a node.",
  run: async (context) => {
    const { quick, progress } = context;
    const plan = quick ? QUICK : FULL;
    const four = await startGroups(GROUPS, context);
    try {
      const one = await startGroups(1, context);
      try {
        const figures: Figure[] = [];
        for (const clients of CLIENTS) {
          progress(`${clients} clients: ${GROUPS} groups against 1, ${plan.rounds} × A B B A`);
          figures.push(...(await compare(four, one, { ...plan, clients }, context)));
        }
        return figures;
      } finally {
        await one.cluster.stop();
      }
    } finally {
      await four.cluster.stop();
    }
  },
});

async function compare(
  four: Groups,
  one: Groups,
  plan: Plan,
  context: FigureContext,
): Promise<readonly Figure[]> {
  const rounds = await abba(
    () => putsOf(four.cluster, planOf(four, plan), context.seed),
    () => putsOf(one.cluster, planOf(one, plan), context.seed),
    plan.rounds,
  );
  const ratio = ratioOf(rounds, median);
  const rate = (arm: "a" | "b") => median(samplesOf(rounds, arm));
  const of = `${plan.clients} clients`;
  return [
    figure(`${of}, 1 group: puts`, rate("b"), "/s", { note: leadersText(one) }),
    figure(`${of}, ${GROUPS} groups: puts`, rate("a"), "/s", { note: leadersText(four) }),
    figure(`${of}: ${GROUPS} groups against 1`, ratio.ratio, "ratio", {
      note: `${spreadText(ratio, rounds)}; ${navigator.hardwareConcurrency} cores for ${NODES} nodes and the clients bound it`,
    }),
  ];
}

type Plan = Omit<PutsPlan, "connections"> & { readonly rounds: number };

const planOf = ({ leaders }: Groups, plan: Plan): PutsPlan => ({
  ...plan,
  connections: CONNECTIONS / leaders.length,
});

type Groups = {
  readonly cluster: Cluster;
  /** Of each group. */
  readonly leaders: readonly number[];
};

const leadersText = ({ leaders }: Groups): string => `led by node ${leaders.join(", ")}`;

async function startGroups(groups: number, { dir, seed, progress }: FigureContext) {
  progress(`a cluster of ${NODES} nodes, shards in ${groups} groups`);
  const options: ClusterOptions = {
    ...{ nodes: NODES, storage: "disk", dir: `${dir}/groups-${groups}`, faultyLinks: false, seed },
    sharded: { shards: SHARDS, groups, replicas: REPLICAS },
  };
  const cluster = await localTarget.start(options);
  try {
    return { cluster, leaders: await spreadLeaders(cluster) };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** Hands the leadership of each group over to a node that leads no other. */
async function spreadLeaders(cluster: Cluster): Promise<readonly number[]> {
  const admin = new ShardAdmin(cluster.address, LED_WITHIN_MS);
  try {
    const config = await admin.query();
    if (config === null) throw new Error("the shard controller does not answer");
    const led: number[] = [];
    for (const { id, nodes } of config.groups) {
      const to = nodes.find((node) => !led.includes(node));
      if (to === undefined) throw new Error(`no node is left to lead group ${id}`);
      await handOver(cluster, id, to);
      led.push(to);
    }
    return led;
  } finally {
    admin.close();
  }
}

async function handOver(cluster: Cluster, group: number, to: number): Promise<void> {
  const deadline = performance.now() + LED_WITHIN_MS;
  for (;;) {
    const nodes = await cluster.status(LED_WITHIN_MS);
    const leader = nodes.find(({ groups = [] }) =>
      groups.some((each) => each.group === group && each.role === "leader"),
    );
    if (leader?.id === to) return;
    if (performance.now() > deadline) throw new Error(`node ${to} does not lead group ${group}`);
    if (leader !== undefined) {
      // It may refuse, while another one is under way: then it is asked again.
      await fetch(`http://127.0.0.1:${leader.httpPort}/admin/transfer`, {
        method: "POST",
        body: JSON.stringify({ group, to }),
        headers: { "Content-Type": "application/json" },
      });
    }
    await Bun.sleep(LOOK_MS);
  }
}
