import { CLEAR_LINK, type Fault, type NodeSpec } from "../../fault/vocabulary.ts";
import { broken, AssertionError } from "../../lib/assert.ts";
import { Prng } from "../../lib/prng.ts";
import { RAFT_DEFAULTS } from "../../raft/api.ts";
import type { Invariant, SimAction, SimConfig, SimOperation, SimSchedule } from "../api.ts";
import { SimCluster } from "../cluster.ts";
import { InvariantError } from "../violation.ts";
import { EVENT } from "../world.ts";

/** Virtual ms: a healthy start, then the fault, which stays; by SETTLED the cluster goes on. */
const FAULT_AT_MS = 2_000;
const SETTLED_MS = 8_000;
const END_MS = 12_000;
const OPERATION_EVERY_MS = 20;
const WRITES = ["put", "put", "get", "append"] as const;
/** Where it is reads that go wrong. */
const READS_EVERY_MS = 4;
const READS = ["get", "get", "get", "put"] as const;
const CLIENTS = 4;

/** Faults after which a majority still is well connected and has sound disks. */
type PartialFailure = {
  readonly nodes: readonly number[];
  /** With atMs counted from the start of the fault. */
  readonly actions: readonly SimAction[];
  /** The node that leads when the fault begins must not lead in the end. */
  readonly deposes: boolean;
  /** This node must have in the end what was committed by SETTLED_MS; 0: none. */
  readonly catchesUp?: number;
  readonly config?: Partial<SimConfig>;
};

const LEADER: NodeSpec = { kind: "leader" };
const act = (atMs: number, fault: Fault): SimAction => ({
  atMs,
  kind: "fault",
  fault,
});
const deaf = (nodes: NodeSpec): SimAction => act(0, { kind: "isolate", nodes, direction: "in" });
const node = (id: number): NodeSpec => ({ kind: "node", id });

/** Snapshots follow each other faster than one of them can be sent. */
const MANY_SNAPSHOTS: Partial<SimConfig> = {
  snapshotEveryBytes: 150,
  trailingBytes: 1_000,
  snapshotChunkBytes: 16,
  snapshotInflightBytesMax: 16,
  link: { ...CLEAR_LINK, delayMs: 4, jitterMs: 2 },
};

const FAILURES: Readonly<Record<string, PartialFailure>> = {
  /** A leader that nobody can answer, yet whose heartbeats arrive. */
  deafLeader: { nodes: [3, 5], deposes: true, actions: [deaf(LEADER)] },
  muteLeader: {
    nodes: [3, 5],
    deposes: true,
    actions: [act(0, { kind: "isolate", nodes: LEADER, direction: "out" })],
  },
  /** A leader that nobody hears any more, while answers to what it sent before still arrive. */
  lateAnswers: {
    nodes: [3],
    deposes: true,
    config: {
      ...{ leaseReads: true, homeShare: 1, electionTimeoutMinMs: 60, heartbeatIntervalMs: 15 },
      link: { ...CLEAR_LINK, delayMs: 1, jitterMs: 2, reorder: 0.5, reorderWithinMs: 300 },
    },
    actions: [act(0, { kind: "isolate", nodes: LEADER, direction: "out" })],
  },
  /** A node that hears nothing and campaigns for ever. */
  deafFollower: { nodes: [3, 5], deposes: false, actions: [deaf(node(2))] },
  bridge: { nodes: [5], deposes: false, actions: [act(0, { kind: "partition", shape: "bridge" })] },
  pausedLeader: {
    nodes: [3, 5],
    deposes: false,
    actions: [act(0, { kind: "pause", nodes: LEADER })],
  },
  /** A leader that can send but store nothing. */
  stalledDisk: {
    nodes: [3, 5],
    deposes: true,
    actions: [
      { atMs: 0, kind: "diskSpeed", nodes: LEADER, speed: { latencyMs: 1e9, jitterMs: 0 } },
    ],
  },
  /** A follower that needs a snapshot while the load goes on. */
  catchUp: {
    nodes: [3],
    deposes: false,
    catchesUp: 2,
    config: MANY_SNAPSHOTS,
    actions: [
      act(0, { kind: "isolate", nodes: node(2), direction: "both" }),
      act(2_000, { kind: "heal" }),
    ],
  },
  /** Nodes that hear nothing campaign with old logs, while the others need a new leader. */
  deafCampaigners: {
    nodes: [7],
    deposes: false,
    actions: [
      ...[deaf(node(1)), deaf(node(2)), deaf(node(3))],
      act(1_500, { kind: "crash", nodes: LEADER }),
      act(1_600, { kind: "restart", nodes: { kind: "all" } }),
    ],
  },
};

/**
 * A cluster with a partial failure that never heals: since a majority is sound, it must go on
 * committing, and depose a leader that cannot do its duty. Null when it does; otherwise what went wrong (LIVE, or an invariant on the way). `failure`: a name of FAILURES; else one is drawn.
 */
export function runPartial(
  seed: number,
  failure: string | null = null,
): { invariant: Invariant; message: string } | null {
  const random = new Prng(seed);
  const partial = FAILURES[failure ?? random.pick(Object.keys(FAILURES))];
  if (partial === undefined) broken(`no partial failure is named ${failure}`);
  const cluster = new SimCluster(scheduleOf(seed, partial, random), null);
  const { world } = cluster;
  const operations = operationsFrom(random, partial.config?.leaseReads === true);
  try {
    for (const operation of operations) {
      world.at(operation.atMs, EVENT.operation, 0, () => void cluster.clients.start(operation));
    }
    // A little later with each seed: at any phase of an election, a heartbeat, a write.
    const faultAtMs = FAULT_AT_MS + random.float() * 200;
    let deposed = 0;
    world.at(faultAtMs, EVENT.phase, 0, () => (deposed = partial.deposes ? cluster.leader : 0));
    for (const action of partial.actions) {
      world.at(faultAtMs + action.atMs, EVENT.action, 0, () => cluster.act(action));
    }
    let settledIndex = Infinity;
    world.at(SETTLED_MS, EVENT.phase, 0, () => (settledIndex = cluster.monitor.committedIndex));
    while (world.now < END_MS && world.step());
    const what = JSON.stringify(partial.actions);
    if (cluster.monitor.committedIndex <= settledIndex) {
      return { invariant: "LIVE", message: `a sound majority commits nothing after ${what}` };
    }
    const { catchesUp = 0 } = partial;
    const index = cluster.nodes[catchesUp - 1]?.status?.appliedIndex ?? Infinity;
    if (index < settledIndex) {
      const message = `node ${catchesUp} has ${index} of ${settledIndex} entries after ${what}`;
      return { invariant: "LIVE", message };
    }
    const isStill = deposed !== 0 && cluster.nodes[deposed - 1]!.status?.role === "leader";
    if (!isStill) return null;
    return { invariant: "LIVE", message: `node ${deposed} still leads after ${what}` };
  } catch (error) {
    if (error instanceof InvariantError) return error;
    if (error instanceof AssertionError) return { invariant: "ASSERT", message: error.message };
    throw error;
  }
}

function operationsFrom(random: Prng, reads: boolean): readonly SimOperation[] {
  const everyMs = reads ? READS_EVERY_MS : OPERATION_EVERY_MS;
  return Array.from({ length: END_MS / everyMs }, (_, i) => ({
    atMs: i * everyMs,
    client: i % CLIENTS,
    op: random.pick(reads ? READS : WRITES),
    key: random.below(4),
  }));
}

function scheduleOf(seed: number, partial: PartialFailure, random: Prng): SimSchedule {
  const nodes = random.pick(partial.nodes);
  const config: SimConfig = {
    ...RAFT_DEFAULTS,
    leaseReads: false,
    snapshotEveryBytes: 0,
    link: { ...CLEAR_LINK, delayMs: 1, jitterMs: 2 },
    disk: { latencyMs: 0.5, jitterMs: 1 },
    segments: { first: 16 << 10, max: 64 << 10 },
    syncNowBytesMax: 0,
    turnMs: 0,
    clocks: [],
    clients: CLIENTS,
    timeoutMs: 1_000,
    attemptTimeoutMs: 300,
    homeShare: 0,
    ...partial.config,
  };
  return {
    version: 3,
    seed,
    nodes,
    spares: 0,
    durationMs: END_MS,
    config,
    actions: [],
    operations: [],
  };
}
