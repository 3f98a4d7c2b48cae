import type { LogIndex, NodeId } from "../lib/ids.ts";
import type { Millis, Ready, SoftState } from "../raft/api.ts";
import type { Message } from "../raft/types.ts";
import type { SnapshotStorage } from "../storage/snapshot-storage.ts";
import type { AdmissionLimits, RefusalCounts } from "./admission.ts";

/** What a Replica needs of its world: TCP and a disk, or the simulator. */
export type Ports = {
  now(): Millis;
  /**
   * When the requests that were taken since the last pump arrived, the first of them at the earliest: before now, if
   * they waited in a socket while a long turn went on. Absent: now.
   */
  arrivedAt?(): Millis;
  /** Queues a message; the transport may drop it. All of one pump leave in one write a peer. */
  send(message: Message): void;
  /**
   * Makes hardState, snapshot and batches durable, in this order, then calls `durable`, in call order: at once where that is
   * cheap (memory), else from a later turn. A failed write must end the node, never call `durable`.
   */
  persist(write: DurableWrite, durable: (writeSeq: number) => void): void;
  /** Answers one client request. The value is valid during the call only. */
  reply(client: number, requestId: number, reply: Reply): void;
  /** Called when role, term or leader changed: for logs and metrics. */
  onSoftState(state: SoftState): void;
  /** Called at the end of each pump: the transport writes what it queued, one write a socket. */
  flush(): void;
  /**
   * Lets messages leave, and of a replica that answers no clients also begins its disk write, before it
   * applies what is committed: others wait for those, and nobody for the applying. Absent: all waits for `flush`.
   */
  hurry?(isLeader: boolean): void;
};

/**
 * `snapshot`: the stored log begins after it from now on: what it covers may be deleted, and what
 * follows it is kept only if the entry at its lastIndex is of its lastTerm.
 */
export type DurableWrite = Pick<Ready, "writeSeq" | "hardState" | "batches" | "snapshot">;

/** What else a Replica is told. Without `snapshots` it takes none and can install none. */
export type ReplicaOptions = {
  readonly snapshots: SnapshotStorage | null;
  /** A snapshot is taken when so many bytes of entries were applied since the last; 0: never. */
  readonly snapshotEveryBytes: number;
  /** Reads are confirmed by a lease where it is valid, instead of by a round of heartbeats. */
  readonly leaseReads: boolean;
  /** How many requests may wait, and for how long; default: ADMISSION_LIMITS. */
  readonly admission?: AdmissionLimits;
  /** Where refused requests are counted; default: nowhere. */
  readonly refusals?: RefusalCounts;
  /** Called when a snapshot of ours, or one of a leader, is durable and in use: for logs. */
  readonly onSnapshot?: (event: SnapshotEvent) => void;
  /**
   * Called when a snapshot of ours could not be written. Nothing is lost: the log goes on to hold what it
   * would have covered, and the next one is tried after `snapshotEveryBytes` more. But the log grows
   * meanwhile, so that the owner has to end it after some `inARow`.
   */
  readonly onSnapshotFailed?: (error: Error, inARow: number) => void;
};

export type SnapshotEvent = {
  readonly kind: "taken" | "installed";
  readonly lastIndex: LogIndex;
  readonly totalBytes: number;
};

/** How a membership change or transfer ended, or a snapshot: raft/api.ts, Ready.outcomes. */
export type AdminOutcome = {
  readonly outcome: "done" | "refused" | "failed";
  readonly reason: string;
};

/** One answer to a client, in the terms of wire/client.ts. One object, reused. */
export type Reply = {
  status: number;
  leaderHint: NodeId;
  version: number;
  index: number;
  valueIn: Uint8Array;
  valueAt: number;
  valueBytes: number;
};

/** What the protocols (binary, HTTP, …) call: the client side of a Replica. */
export type ClientPort = {
  /**
   * Takes one request: the command in `bytes[at, end)`, unchecked. It is answered exactly once by
   * `Ports.reply(client, requestId, …)`, perhaps within this call. `bytes` may be reused afterwards.
   * `client` names a connection; ids are not reused within a process.
   */
  request(
    client: number,
    requestId: number,
    bytes: Uint8Array,
    view: DataView,
    at: number,
    end: number,
  ): void;
};
