import type { Fault } from "../../fault/vocabulary.ts";
import { AssertionError } from "../../lib/assert.ts";
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
const CLIENTS = 4;

/** Faults after which a majority still is well connected and has sound disks. */
type Partial = { readonly nodes: readonly number[]; readonly fault: SimAction };

const fault = (f: Exclude<Fault, { kind: "crash" }>): SimAction => ({
  atMs: FAULT_AT_MS,
  kind: "fault",
  fault: f,
});

const FAULTS: readonly Partial[] = [
  // A leader that nobody can answer, yet whose heartbeats arrive.
  { nodes: [3, 5], fault: fault({ kind: "isolate", nodes: { kind: "leader" }, direction: "in" }) },
  { nodes: [3, 5], fault: fault({ kind: "isolate", nodes: { kind: "leader" }, direction: "out" }) },
  // A node that hears nothing and campaigns for ever.
  {
    nodes: [3, 5],
    fault: fault({ kind: "isolate", nodes: { kind: "node", id: 2 }, direction: "in" }),
  },
  { nodes: [5], fault: fault({ kind: "partition", shape: "bridge" }) },
  { nodes: [3, 5], fault: fault({ kind: "pause", nodes: { kind: "leader" } }) },
  // A leader that can send but store nothing.
  {
    nodes: [3, 5],
    fault: {
      atMs: FAULT_AT_MS,
      kind: "diskSpeed",
      nodes: { kind: "leader" },
      speed: { latencyMs: 1e9, jitterMs: 0 },
    },
  },
];

/**
 * A cluster with a partial failure that never heals: since a majority is sound, it must go on
 * committing. Null when it does; otherwise what went wrong (LIVE, or an invariant on the way).
 */
export function runPartial(seed: number): { invariant: Invariant; message: string } | null {
  const random = new Prng(seed);
  const partial = random.pick(FAULTS);
  const cluster = new SimCluster(scheduleOf(seed, random.pick(partial.nodes)), null);
  const { world } = cluster;
  const operations = operationsFrom(random);
  try {
    for (const operation of operations) {
      world.at(operation.atMs, EVENT.operation, 0, () => void cluster.clients.start(operation));
    }
    // A little later with each seed: at any phase of an election, a heartbeat, a write.
    const faultAtMs = FAULT_AT_MS + random.float() * 200;
    world.at(faultAtMs, EVENT.action, 0, () => cluster.act(partial.fault));
    let settledIndex = Infinity;
    world.at(SETTLED_MS, EVENT.phase, 0, () => (settledIndex = cluster.monitor.committedIndex));
    while (world.now < END_MS && world.step());
    if (cluster.monitor.committedIndex > settledIndex) return null;
    const what = JSON.stringify(partial.fault);
    return { invariant: "LIVE", message: `a sound majority commits nothing after ${what}` };
  } catch (error) {
    if (error instanceof InvariantError) return error;
    if (error instanceof AssertionError) return { invariant: "ASSERT", message: error.message };
    throw error;
  }
}

function operationsFrom(random: Prng): readonly SimOperation[] {
  return Array.from({ length: END_MS / OPERATION_EVERY_MS }, (_, i) => ({
    atMs: i * OPERATION_EVERY_MS,
    client: i % CLIENTS,
    op: random.pick(["put", "put", "get", "append"] as const),
    key: random.below(4),
  }));
}

function scheduleOf(seed: number, nodes: number): SimSchedule {
  const config: SimConfig = {
    ...RAFT_DEFAULTS,
    leaseReads: false,
    snapshotEveryBytes: 0,
    link: {
      ...{ cut: false, loss: 0, delayMs: 1, jitterMs: 2 },
      ...{ duplicate: 0, reorder: 0, reorderWithinMs: 0 },
    },
    disk: { latencyMs: 0.5, jitterMs: 1 },
    turnMs: 0,
    clocks: [],
    clients: CLIENTS,
    timeoutMs: 1_000,
    attemptTimeoutMs: 300,
    homeShare: 0,
  };
  return {
    version: 1,
    seed,
    nodes,
    spares: 0,
    durationMs: END_MS,
    config,
    actions: [],
    operations: [],
  };
}
