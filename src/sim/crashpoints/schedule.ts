import { CLEAR_LINK, type Fault } from "../../fault/vocabulary.ts";
import { Prng } from "../../lib/prng.ts";
import { RAFT_DEFAULTS } from "../../raft/api.ts";
import type { SimAction, SimConfig, SimOperation, SimSchedule } from "../api.ts";

/** Virtual ms of load; short, since each of its boundaries costs a run of all of it. */
const LOAD_MS = 720;
const OPERATION_EVERY_MS = 14;
const OPERATIONS = ["put", "append", "put", "versionedPut", "get", "delete", "put", "get"] as const;
const CLIENTS = 3;
const KEYS = 3;

/** Everything small, so that a short run has every kind of boundary. */
const CONFIG: SimConfig = {
  ...RAFT_DEFAULTS,
  electionTimeoutMinMs: 60,
  heartbeatIntervalMs: 30,
  trailingBytes: 50,
  snapshotChunkBytes: 512,
  snapshotInflightBytesMax: 1024,
  snapshotEveryBytes: 400,
  leaseReads: false,
  link: { ...CLEAR_LINK, delayMs: 0.3, jitterMs: 0.4 },
  disk: { latencyMs: 0.2, jitterMs: 2.5 },
  segments: { first: 2048, max: 2048 },
  syncNowBytesMax: 100,
  turnMs: 0,
  clocks: [],
  clients: CLIENTS,
  timeoutMs: 500,
  attemptTimeoutMs: 80,
  homeShare: 0,
};

export type RunOptions = {
  readonly seed: number;
  /** Voters: 1 … 7. */
  readonly nodes: number;
};

/**
 * The short run that is cut at each of its boundaries. Clients with sessions write, read and repeat;
 * the last node misses so much that it needs a snapshot; the leadership is handed over; every node
 * loses power once while all write, so that recoveries are among what is cut. Whatever a seed draws
 * (keys, times within a few ms, delays), these come about in each.
 */
export function crashSchedule({ seed, nodes }: RunOptions): SimSchedule {
  const random = new Prng(seed).fork("crashpoints");
  const act = (atMs: number, fault: Fault): SimAction => ({ atMs, kind: "fault", fault });
  const last = { kind: "node", id: nodes } as const;
  const all = { kind: "all" } as const;
  const leader = { kind: "leader" } as const;
  const jitter = (): number => random.float() * 8;
  const misses: readonly SimAction[] =
    nodes === 1
      ? []
      : [
          // Whoever was elected, it is not the last node that leads while that one is cut off.
          { atMs: 130, kind: "fault", fault: { kind: "transfer", to: { kind: "node", id: 1 } } },
          act(150 + jitter(), { kind: "isolate", nodes: last, direction: "both" }),
          { atMs: 340 + jitter(), kind: "fault", fault: { kind: "snapshot", nodes: leader } },
          act(360 + jitter(), { kind: "heal" }),
          {
            atMs: 430 + jitter(),
            kind: "fault",
            fault: { kind: "transfer", to: { kind: "followers" } },
          },
        ];
  const actions: readonly SimAction[] = [
    ...misses,
    act(490 + jitter(), { kind: "powerLoss", nodes: leader, keeps: "torn" }),
    act(540 + jitter(), { kind: "restart", nodes: all }),
    act(630 + jitter(), { kind: "powerLoss", nodes: all, keeps: "prefix" }),
    act(640 + jitter(), { kind: "restart", nodes: all }),
  ];
  const operations = drawOperations(random.fork("operations"));
  return {
    version: 3,
    seed,
    nodes,
    spares: 0,
    durationMs: LOAD_MS,
    config: CONFIG,
    actions,
    operations,
  };
}

function drawOperations(random: Prng): readonly SimOperation[] {
  return Array.from({ length: Math.floor(LOAD_MS / OPERATION_EVERY_MS) }, (_, i) => ({
    atMs: (i + random.float()) * OPERATION_EVERY_MS,
    client: i % CLIENTS,
    op: OPERATIONS[i % OPERATIONS.length]!,
    key: random.below(KEYS),
  }));
}
