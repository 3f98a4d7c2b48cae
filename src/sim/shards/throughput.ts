import { DONE_OK } from "../../client/ports.ts";
import { ShardRouter } from "../../client/shard-router.ts";
import { CLEAR_LINK } from "../../fault/vocabulary.ts";
import { OP_PUT } from "../../kv/command.ts";
import { Prng } from "../../lib/prng.ts";
import { LAB_CONFIG } from "../labs/run.ts";
import { violated } from "../violation.ts";
import { EVENT } from "../world.ts";
import { FIRST_GROUP } from "./api.ts";
import { ShardCluster, type ShardClusterSetup } from "./cluster.ts";
import type { CpuCosts } from "./cpu.ts";
import { isSettled, PATIENCE } from "./settle.ts";
import { runUntil } from "../run-until.ts";

const SHARDS = 12;
const REPLICAS = 3;
const READY_WITHIN_MS = 20_000;
const VALUE_BYTES = 256;

export type ThroughputRun = {
  readonly seed: number;
  /** Groups that share the shards. */
  readonly groups: number;
  /** Nodes that the groups share, of which each leads one group at most; null: each group has three of its own. */
  readonly nodes: number | null;
  readonly costs: CpuCosts;
  /** Each has a put outstanding all the time. */
  readonly clients: number;
  /** Virtual. */
  readonly warmupMs: number;
  readonly measureMs: number;
};

export type Throughput = {
  readonly putsPerSecond: number;
  /** Share of its time that the busiest node's core is at work. */
  readonly busiest: number;
};

/**
 * Puts a second of a sharded cluster in virtual time, as a closed loop brings about: every node has one core, which
 * `costs` models, and nothing else is scarce. Nodes, network and disks are those of all simulations.
 */
export function shardThroughput(run: ThroughputRun): Throughput {
  const { seed, groups, nodes, costs, measureMs } = run;
  const setup: ShardClusterSetup = {
    ...{ seed, groups, shards: SHARDS, replicas: REPLICAS, apart: nodes === null },
    nodes: nodes ?? REPLICAS * (groups + 1),
    config: { ...LAB_CONFIG, clients: 1, link: { ...CLEAR_LINK, delayMs: 0.1, jitterMs: 0.1 } },
  };
  const cluster = new ShardCluster(setup, costs);
  prepare(cluster);
  const load = new Load(cluster, run);
  const { world } = cluster;
  load.start();
  advance(cluster, run.warmupMs);
  const [before, busy] = [load.puts, cluster.nodes.map(({ busyMs }) => busyMs)];
  const from = world.now;
  advance(cluster, measureMs);
  const spent = cluster.nodes.map(({ busyMs }, i) => busyMs - busy[i]!);
  return {
    putsPerSecond: ((load.puts - before) / (world.now - from)) * 1_000,
    busiest: Math.max(...spent) / (world.now - from),
  };
}

/** All groups join, and each is led by another node. */
function prepare(cluster: ShardCluster): void {
  const { world, groups } = cluster;
  const ready = (what: string, isReady: () => boolean): void => {
    if (runUntil(cluster.world, PATIENCE, isReady, world.now + READY_WITHIN_MS)) return;
    violated("LIVE", `${what} within ${READY_WITHIN_MS} ms`);
  };
  ready("no leaders", () => [1, ...groups].every((group) => cluster.leaderOf(group) !== 0));
  const joining = groups.map((id) => ({ id, nodes: cluster.nodesOf(id) }));
  cluster.operator.change({ kind: "join", groups: joining }, null, () => {});
  const wanted = (group: number): number => {
    const { nodes, apart = false } = cluster.setup;
    return apart ? cluster.nodesOf(group)[0]! : ((group - FIRST_GROUP) % nodes) + 1;
  };
  ready("leaders are not spread", () => {
    for (const group of groups) {
      const leader = cluster.leaderOf(group);
      const to = wanted(group);
      if (leader !== 0 && leader !== to) cluster.node(leader).transferLeadership(group, to);
    }
    return groups.every((group) => cluster.leaderOf(group) === wanted(group));
  });
  ready("not settled", () => groups.every((group) => isSettled(cluster, group)));
}

function advance(cluster: ShardCluster, ms: number): void {
  const until = cluster.world.now + ms;
  runUntil(cluster.world, PATIENCE, () => cluster.world.now >= until, until);
}

/** Clients of one router, each with a key of its own. */
class Load {
  readonly #cluster: ShardCluster;
  readonly #router: ShardRouter;
  readonly #keys: readonly Uint8Array[];
  readonly #value = new Uint8Array(VALUE_BYTES).fill(120);
  #tickAt = Infinity;
  puts = 0;

  constructor(cluster: ShardCluster, { seed, clients }: ThroughputRun) {
    this.#cluster = cluster;
    this.#keys = Array.from({ length: clients }, (_, i) => new TextEncoder().encode(`key ${i}`));
    const nodeIds = cluster.nodes.map(({ id }) => id);
    const options = {
      ...{ slots: clients, nodeIds, lanes: 1, homeShare: 0, prng: new Prng(seed).fork("load") },
      ...{ timeoutMs: 60_000, attemptTimeoutMs: 5_000 },
    };
    this.#router = new ShardRouter(SHARDS, options, {
      send: (node, _lane, requestId, command, group) =>
        cluster.request(nodeIds[node]!, requestId, command, group),
      onDone: (slot, { outcome }) => {
        if (outcome === DONE_OK) this.puts++;
        this.#put(slot);
      },
    });
    cluster.onResponse = (node, response, body) => {
      this.#router.onResponse(node - 1, response, body, cluster.world.now);
      this.#arm();
    };
  }

  start(): void {
    for (const slot of this.#keys.keys()) this.#put(slot);
    this.#arm();
  }

  #put(slot: number): void {
    const { now } = this.#cluster.world;
    this.#router.start(slot, OP_PUT, 0, 0, this.#keys[slot]!, this.#value, now);
  }

  #arm(): void {
    const at = this.#router.deadline();
    if (at >= this.#tickAt) return;
    this.#tickAt = at;
    const { world } = this.#cluster;
    world.at(at, EVENT.clerk, 0, () => {
      if (this.#tickAt !== at) return;
      this.#tickAt = Infinity;
      this.#router.tick(world.now);
      this.#arm();
    });
  }
}
