import type { Fault, LinkState, NodeSpec } from "../fault/vocabulary.ts";
import type { ClockState } from "../lib/skewed-clock.ts";
import { RAFT_DEFAULTS, type RaftConfig } from "../raft/api.ts";
import type { Message } from "../raft/types.ts";
import type { SegmentSizes } from "../storage/log-storage.ts";

/** Nodes of a schedule, spares included: what the keys of links and votes have room for. */
export const NODES_MAX = 15;
/** RaftConfig.gatherBytes: so few that what simulated nodes apply is gathered all the time. */
export const GATHER_BYTES = 1_000;

const { mayVote: _, quiesce: _q, gatherBytes: _g, ...defaults } = RAFT_DEFAULTS;
/** What a schedule says of the core, as real nodes have it: the rest is a simulated node's own. */
export const SIM_DEFAULTS = defaults;

/**
 * Everything that decides a simulated run, as plain data: the same schedule gives the same run, event
 * by event. A seed draws one (swarm.ts); a shrinker takes parts of it away. Random choices that are
 * not data (delays, election timeouts) come from streams named after their link, node or disk, so
 * that a part taken away shifts no other's.
 */
export type SimSchedule = {
  readonly version: 3;
  /** Seeds the streams; the rest of the schedule does not depend on it any more. */
  readonly seed: number;
  /** Nodes 1 … nodes are the voters at first; nodes + 1 … nodes + spares are running, but empty. */
  readonly nodes: number;
  readonly spares: number;
  /** Faults and load last so long; then all heals, and the liveness phase begins. Virtual ms. */
  readonly durationMs: number;
  readonly config: SimConfig;
  /** In the order of atMs; equal ones in this order. */
  readonly actions: readonly SimAction[];
  /** In the order of atMs. */
  readonly operations: readonly SimOperation[];
  /** Frames between nodes whose fate is not left to chance: the shrinker's, see shrink-messages.ts. */
  readonly fates?: readonly FrameFate[];
};

/** What becomes of one frame on an uncut link, instead of what loss, duplicates and reordering do. */
export type FrameFate = {
  readonly from: number;
  readonly to: number;
  /** Which one of that link, from 0. */
  readonly frame: number;
  /** When each copy arrives, in virtual ms after it was sent. None: the frame is lost. */
  readonly arrivesMs: readonly number[];
};

/** Milliseconds and bytes; what the core takes is told in raft/api.ts. */
export type SimConfig = Omit<
  RaftConfig,
  "id" | "membership" | "restored" | "gatherBytes" | "mayVote" | "quiesce" | "random"
> & {
  /** A node takes a snapshot after so many bytes of entries; 0: never. */
  readonly snapshotEveryBytes: number;
  /** What a link is when no fault acts on it. */
  readonly link: LinkState;
  readonly disk: DiskSpeed;
  /** Of the WAL: small, so that it switches segments, and deletes them once snapshots cover them. */
  readonly segments: SegmentSizes;
  /** Records up to this many bytes are synced within the turn, in no time; 0: none. */
  readonly syncNowBytesMax: number;
  /** Inputs that arrive within so long after one are handled in one turn; 0: each on its own. */
  readonly turnMs: number;
  /** By node, from node 1 on: how fast its clock runs, and what it shows at the start. */
  readonly clocks: readonly ClockState[];
  readonly clients: number;
  /** Client operations are given up after timeoutMs; attempts after attemptTimeoutMs. */
  readonly timeoutMs: number;
  readonly attemptTimeoutMs: number;
  /** Share of the operations that ask the client's own node first, leader or not. */
  readonly homeShare: number;
  /** Of a value that is written, at least; absent: they are as short as can be. */
  readonly valueBytes?: number | undefined;
};

/** Whatever the disk does away from the event loop takes latencyMs to latencyMs + jitterMs. */
export type DiskSpeed = { readonly latencyMs: number; readonly jitterMs: number };

export type SimAction = { readonly atMs: number } & (
  | { readonly kind: "fault"; readonly fault: Fault }
  /** What no fault of the vocabulary says: how fast sound disks are. */
  | { readonly kind: "diskSpeed"; readonly nodes: NodeSpec; readonly speed: DiskSpeed }
  /** Unlike the fault of that name, with learners. */
  | {
      readonly kind: "membership";
      readonly voters: readonly number[];
      readonly learners: readonly number[];
    }
);

/** One client operation. A client that is still busy at atMs leaves it out. */
export type SimOperation = {
  readonly atMs: number;
  /** From 0. */
  readonly client: number;
  /** versionedPut expects the version that the client last saw. */
  readonly op: "get" | "put" | "append" | "delete" | "versionedPut";
  /** From 0. */
  readonly key: number;
};

/** An id of raft-invariants: what the monitor, the checker or the core itself found broken. */
export type Invariant =
  /** Election safety: one leader a term. */
  | "ES"
  /** One vote a term, across restarts. */
  | "VU"
  /** A leader never changes its own log but at the end. */
  | "LAO"
  /** Log matching. */
  | "LM"
  /** A leader has everything committed before it. */
  | "LC"
  /** The same entry, and the same state after it, at an index everywhere. */
  | "SMS"
  /** What never falls fell. */
  | "MON"
  /** Committed without a durable quorum, or by counting an old term's entry. */
  | "QC"
  /** Said before it was durable. */
  | "DUR"
  /** snapshot ≤ applied ≤ committed ≤ last, or entries not applied once and in order. */
  | "ORD"
  /** Membership changes. */
  | "CFG"
  /** A read missed what was committed before it began. */
  | "RI"
  /** A node refuses to start on a disk that is sound. */
  | "RESTART"
  /** Frames that do not decode. */
  | "WIRE"
  /** An assertion of the core, or whatever else was thrown. */
  | "ASSERT"
  /** What a client was told is not so. */
  | "ORC"
  | "LIN"
  | "LIVE"
  | "CONV"
  /** Of sharded clusters (shards/watch.ts): one group serves a shard. */
  | "ONE"
  /** A shard config never changes, and is adopted after the one before. */
  | "NUM"
  /** What arrives of a shard is what was frozen, and is dropped only then. */
  | "MOVED"
  /** Something is left of a shard where it is no more. */
  | "GONE";

export type Violation = {
  readonly invariant: Invariant;
  readonly message: string;
  /** Virtual time, and the number of the event after which it was seen. */
  readonly atMs: number;
  readonly event: number;
  /** Lines that show it, such as the client operations that contradict each other. */
  readonly evidence: readonly string[];
};

export type SimStats = {
  /** Virtual. */
  readonly simulatedMs: number;
  readonly events: number;
  readonly frames: number;
  readonly framesLost: number;
  readonly operations: number;
  readonly operationsOk: number;
  readonly elections: number;
  readonly crashes: number;
  readonly commits: number;
  readonly snapshotsInstalled: number;
  readonly membershipChanges: number;
  readonly transfers: number;
  readonly readsByLease: number;
  /** Of sharded clusters: shard configs that came about, and shards that arrived at another group. */
  readonly configs: number;
  readonly shardMoves: number;
};

/** `unknown`: the checker ran out of its limits. */
export type SimResult = {
  readonly verdict: "pass" | "fail" | "unknown";
  /** Set with `fail`. */
  readonly violation: Violation | null;
  /** 16 hex digits over every event: equal for equal runs. */
  readonly traceHash: string;
  readonly stats: SimStats;
};

/** What happened, for stories and diagrams. Nodes are 1 …; clients are 0 …. */
export type SimEvent =
  | { readonly kind: "send"; readonly id: number; readonly message: Message }
  /** `id` is that of the send; a frame may be delivered twice. */
  | { readonly kind: "deliver"; readonly id: number; readonly message: Message }
  | { readonly kind: "lost"; readonly id: number; readonly message: Message }
  | { readonly kind: "crash" | "pause" | "resume"; readonly node: number }
  /** `tornBytes`: of a record that was never durable, which recovery cut off. */
  | { readonly kind: "restart"; readonly node: number; readonly tornBytes: number }
  /** It does not come up: its disk fails or is damaged. */
  | { readonly kind: "refused"; readonly node: number; readonly reason: string }
  | { readonly kind: "role"; readonly node: number; readonly role: string; readonly term: number }
  | { readonly kind: "commit" | "apply"; readonly node: number; readonly index: number }
  /** It took over the state that a leader sent. */
  | { readonly kind: "installed"; readonly node: number; readonly index: number }
  | { readonly kind: "durable"; readonly node: number; readonly lastIndex: number }
  | { readonly kind: "action"; readonly action: SimAction; readonly nodes: readonly number[] }
  | { readonly kind: "invoke"; readonly client: number; readonly text: string }
  | { readonly kind: "complete"; readonly client: number; readonly text: string };

/** Called as it happens, in virtual milliseconds. */
export type SimObserver = (atMs: number, event: SimEvent) => void;
