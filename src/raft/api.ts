import type { LogIndex, NodeId, Term } from "../lib/ids.ts";
import type { Prng } from "../lib/prng.ts";
import type { EntryBatch, Membership, Message } from "./types.ts";

export type { Membership };

/** Monotonic milliseconds (fractions allowed) from an arbitrary origin. Never wall-clock time. */
export type Millis = number;

export type HardState = { readonly term: Term; readonly votedFor: NodeId };

/** What a snapshot stands for. Its data never pass through the core's state. */
export type SnapshotMeta = {
  readonly lastIndex: LogIndex;
  readonly lastTerm: Term;
  /** As of lastIndex. */
  readonly membership: Membership;
};

/** What a replica finds on its disk when it starts. */
export type Restored = {
  readonly hardState: HardState;
  readonly snapshot: SnapshotMeta | null;
  /**
   * Contiguous, from at most one after the snapshot on. If they do not hold the snapshot's last
   * entry, in its term, they are of a log that the snapshot replaced, and are dropped.
   */
  readonly batches: readonly EntryBatch[];
};

export type RaftConfig = {
  readonly id: NodeId;
  /** The membership of an empty log; a membership found in `restored` replaces it. */
  readonly membership: Membership;
  readonly restored: Restored | null;
  /** An election starts after a uniform draw from [min, 2·min) without a word from a leader. */
  readonly electionTimeoutMinMs: number;
  readonly heartbeatIntervalMs: number;
  /** Entry bytes in one AppendEntries; one larger entry still goes, alone. */
  readonly appendBytesMax: number;
  /** Unacknowledged AppendEntries to one follower. */
  readonly inflightMessagesMax: number;
  /** Unacknowledged entry bytes to one follower. */
  readonly inflightBytesMax: number;
  /** Entry bytes not yet committed, beyond which proposals are refused as `overloaded`. */
  readonly uncommittedBytesMax: number;
  /** Entry bytes that stay in the log below a snapshot, so that a slow follower needs none. */
  readonly trailingBytes: number;
  /** Applied entries are kept in pieces of about so many bytes, however small the batches in which they came. */
  readonly gatherBytes: number;
  /** Bytes of one InstallSnapshot, and of chunks to one follower that are not yet acknowledged. */
  readonly snapshotChunkBytes: number;
  readonly snapshotInflightBytesMax: number;
  /** Whether a leader asks for the promises on which a lease rests; without them no read is confirmed by one. */
  readonly leaseReads: boolean;
  /** Bound on the rates of two clocks, as a share: a lease lasts (1 - drift) of the election timeout. */
  readonly clockDriftMax: number;
  /** A leader whose own oldest write is not durable for so long steps down. */
  readonly diskStallMs: number;
  /** A transfer that has not succeeded by then is given up, and proposals are taken again. */
  readonly transferTimeoutMs: number;
  /**
   * False for a node that lost its data and came back under its old identity. It has forgotten what
   * it promised (votes, acks), so it promises nothing any more: it answers nobody and only learns
   * who leads. Remove it, and add it again under a new id. (docs/adr/0010)
   */
  readonly mayVote: boolean;
  /**
   * For one of many groups on its node: while nobody uses it, it goes to sleep (quiesce.ts), and must be
   * woken when a peer may be gone; awake, it heartbeats at the instants at which all groups of the node do.
   */
  readonly quiesce: boolean;
  readonly random: Prng;
};

export const RAFT_DEFAULTS = {
  electionTimeoutMinMs: 250,
  heartbeatIntervalMs: 100,
  appendBytesMax: 512 << 10,
  inflightMessagesMax: 256,
  inflightBytesMax: 2 << 20,
  uncommittedBytesMax: 64 << 20,
  trailingBytes: 8 << 20,
  gatherBytes: 64 << 10,
  snapshotChunkBytes: 256 << 10,
  snapshotInflightBytesMax: 1 << 20,
  leaseReads: false,
  clockDriftMax: 0.05,
  diskStallMs: 2_000,
  transferTimeoutMs: 1_000,
  mayVote: true,
  quiesce: false,
} as const;

/** All that can happen to a replica. A recorded list of (now, input) replays a run exactly. */
export type RaftInput =
  | { readonly kind: "message"; readonly message: Message }
  | { readonly kind: "deadline" }
  /** `bytes` holds `count` encoded commands, as in EntryBatch; they stand or fall together. */
  | {
      readonly kind: "propose";
      readonly tag: number;
      readonly count: number;
      readonly bytes: Uint8Array;
    }
  /** `lease`: may be confirmed by a valid lease instead of a round of heartbeats (thesis §6.4.1). */
  | { readonly kind: "readIndex"; readonly tag: number; readonly lease: boolean }
  /**
   * Moves to these voters and learners. New voters first catch up as learners; then a joint change
   * (thesis §4.3) that ends by itself. Answered in `Ready.outcomes`.
   */
  | {
      readonly kind: "changeMembership";
      readonly tag: number;
      readonly voters: readonly NodeId[];
      readonly learners: readonly NodeId[];
    }
  | { readonly kind: "transferLeadership"; readonly tag: number; readonly to: NodeId }
  /** A snapshot of the applied state up to lastIndex is durable: the log below may go. */
  | { readonly kind: "snapshotTaken"; readonly lastIndex: LogIndex }
  /**
   * The answer to one of `Ready.snapshotReads`: as many bytes as asked for, fewer only at the end.
   * totalBytes 0: that snapshot is gone, the follower must be sent the newest one from its start.
   */
  | {
      readonly kind: "snapshotRead";
      readonly to: NodeId;
      readonly lastIndex: LogIndex;
      readonly offset: number;
      readonly totalBytes: number;
      readonly data: Uint8Array;
    }
  /** The snapshot received through `Ready.snapshotWrites` is durable, and is the state now. */
  | { readonly kind: "snapshotInstalled"; readonly lastIndex: LogIndex }
  /** It cannot be used (its checksum is wrong): it must be sent again. */
  | { readonly kind: "snapshotRefused"; readonly lastIndex: LogIndex }
  | { readonly kind: "persisted"; readonly writeSeq: number }
  | { readonly kind: "applied"; readonly index: LogIndex }
  /** What was sent to it may be lost. */
  | { readonly kind: "peerUnreachable"; readonly peer: NodeId }
  /**
   * The connection broke on which `peer` speaks to us: its process has ended, most likely. If it led, an
   * election need not wait for the timeout (election.ts). It is a hint: it may be wrong, late or missing.
   */
  | { readonly kind: "peerLost"; readonly peer: NodeId }
  /** A peer may be gone, or have lost what it knew: one that is quiescent must look. Else it does nothing. */
  | { readonly kind: "wake" };

export type Role = "follower" | "preCandidate" | "candidate" | "leader";

/** Why a proposal or read was refused. All are definite: nothing was appended. */
export type Refusal = "notLeader" | "overloaded" | "transferring";

/** What the inputs so far oblige the owner to do. Taken once; never empty. */
export type Ready = {
  /** 0 when there is nothing to persist; else 1, 2, 3, … Writes are made durable in this order. */
  readonly writeSeq: number;
  readonly hardState: HardState | null;
  /** Replaces the stored log from batches[0].firstIndex on. */
  readonly batches: readonly EntryBatch[];
  /**
   * Our newest durable snapshot, when it changed; part of this write, before `batches`. Storage may
   * forget the entries up to lastIndex. If it does not hold the entry lastIndex of term lastTerm it
   * must forget the entries after it too: a leader's snapshot has replaced them. Set after a start
   * too, when no stored entry follows the snapshot.
   */
  readonly snapshot: SnapshotMeta | null;
  /**
   * Chunks of a durable snapshot that followers need; answer with `snapshotRead`. Not always of the
   * newest one: a transfer goes on with the one it began with, so keep a snapshot that is being
   * read for some seconds after its last read.
   */
  readonly snapshotReads: readonly {
    readonly to: NodeId;
    readonly lastIndex: LogIndex;
    readonly offset: number;
    readonly bytesMax: number;
  }[];
  /**
   * Chunks of a leader's snapshot, in order, from offset 0 on. After the last one (it ends at
   * totalBytes) verify, make durable, replace the state, and answer `snapshotInstalled`, or
   * `snapshotRefused`. A chunk at offset 0 begins anew. From the last chunk to that answer nothing
   * is handed out in `committed`; what this Ready holds in `committed` comes before the snapshot.
   */
  readonly snapshotWrites: readonly {
    readonly meta: SnapshotMeta;
    readonly totalBytes: number;
    readonly offset: number;
    readonly data: Uint8Array;
  }[];
  /** How membership changes and transfers ended; `failed` says why, and may still take effect. */
  readonly outcomes: readonly {
    readonly tag: number;
    readonly outcome: "done" | "refused" | "failed";
    readonly reason: string;
  }[];
  /** May be sent at once, in parallel with the write (thesis §10.2.1). */
  readonly messages: readonly Message[];
  /** Votes, acks and vote requests: sent only once write `heldUntil` is durable (thesis §3.8). */
  readonly messagesAfterPersist: readonly Message[];
  readonly heldUntil: number;
  /** Newly committed, in order, each entry exactly once between two starts. Apply them. */
  readonly committed: readonly EntryBatch[];
  /** Where accepted proposals went. If another term's entry commits there, they did not happen. */
  readonly proposed: readonly {
    readonly tag: number;
    readonly firstIndex: LogIndex;
    readonly term: Term;
  }[];
  /** Reads whose leadership is confirmed; serve each once `index` is applied. */
  readonly reads: readonly {
    readonly tag: number;
    readonly index: LogIndex;
    /** By a valid lease; otherwise by a round of messages. */
    readonly byLease: boolean;
  }[];
  readonly refused: readonly {
    readonly tag: number;
    readonly leaderId: NodeId;
    readonly reason: Refusal;
  }[];
  /** Set when role, term or leader changed since the last Ready. */
  readonly softState: SoftState | null;
};

export type SoftState = { readonly role: Role; readonly term: Term; readonly leaderId: NodeId };

/** A copy of what an operator may see. */
export type RaftStatus = SoftState & {
  readonly id: NodeId;
  readonly lastIndex: LogIndex;
  readonly commitIndex: LogIndex;
  readonly appliedIndex: LogIndex;
  readonly durableIndex: LogIndex;
  /** Last index of our newest durable snapshot; 0: there is none. */
  readonly snapshotIndex: LogIndex;
  readonly membership: Membership;
};

/** What else an operator may see. Made when asked for, and no part of a replay. */
export type RaftDetails = {
  /** In the current term; 0: for nobody. */
  readonly votedFor: NodeId;
  /** Leader: entry bytes not yet committed. */
  readonly uncommittedBytes: number;
  /** The log in memory begins after it. */
  readonly compactedIndex: LogIndex;
  /** Leader: its followers and learners, ascending by id. */
  readonly followers: readonly FollowerStatus[];
};

/** As Progress. */
export type FollowerStatus = {
  readonly id: NodeId;
  readonly state: "probe" | "replicate" | "snapshot";
  readonly matchIndex: LogIndex;
  readonly nextIndex: LogIndex;
  readonly inflightMessages: number;
  readonly inflightBytes: number;
};

export type Raft = {
  /** Absorbs one input. Synchronous, no I/O. Asserts when an invariant breaks: bad bytes from a
   * peer never get this far (wire), so what is left is a bug here or a broken protocol. */
  step(input: RaftInput, now: Millis): void;
  /** The work outstanding since the last call, or null when there is none. */
  takeReady(): Ready | null;
  /** When step({ kind: "deadline" }) must next be called: an election or heartbeat. Infinity: it is quiescent. */
  deadline(): Millis;
  status(): RaftStatus;
  details(): RaftDetails;
  /** What is in memory of the log from `first` on, up to `last`: as RaftLog.from, for an operator to read. */
  entries(first: LogIndex, last: LogIndex, bytesMax: number): readonly EntryBatch[];
  /** What a snapshot of the state as of the last `applied` input stands for. */
  appliedMeta(): SnapshotMeta;
};
