import type { LogIndex, NodeId, Term } from "../lib/ids.ts";
import type { Prng } from "../lib/prng.ts";
import type { EntryBatch, Message } from "./types.ts";

/** Monotonic milliseconds (fractions allowed) from an arbitrary origin. Never wall-clock time. */
export type Millis = number;

export type HardState = { readonly term: Term; readonly votedFor: NodeId };

export type Membership = {
  /** Ascending ids. */
  readonly voters: readonly NodeId[];
  /** The old voters while a joint change is under way (thesis §4.3); otherwise empty. */
  readonly votersOutgoing: readonly NodeId[];
  readonly learners: readonly NodeId[];
};

export type Snapshot = {
  readonly lastIndex: LogIndex;
  readonly lastTerm: Term;
  readonly membership: Membership;
  readonly data: Uint8Array;
};

/** What a replica finds on its disk when it starts. */
export type Restored = {
  readonly hardState: HardState;
  readonly snapshot: Snapshot | null;
  /** Contiguous from the snapshot on. */
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
  readonly random: Prng;
};

export const RAFT_DEFAULTS = {
  electionTimeoutMinMs: 200,
  heartbeatIntervalMs: 50,
  appendBytesMax: 1 << 20,
  inflightMessagesMax: 256,
  inflightBytesMax: 8 << 20,
  uncommittedBytesMax: 64 << 20,
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
  | { readonly kind: "readIndex"; readonly tag: number }
  | { readonly kind: "persisted"; readonly writeSeq: number }
  | { readonly kind: "applied"; readonly index: LogIndex }
  | { readonly kind: "peerUnreachable"; readonly peer: NodeId };

export type Role = "follower" | "preCandidate" | "candidate" | "leader";

/** Why a proposal or read was refused. All are definite: nothing was appended. */
export type Refusal = "notLeader" | "overloaded";

/** What the inputs so far oblige the owner to do. Taken once; never empty. */
export type Ready = {
  /** 0 when there is nothing to persist; else 1, 2, 3, … Writes are made durable in this order. */
  readonly writeSeq: number;
  readonly hardState: HardState | null;
  /** Replaces the stored log from batches[0].firstIndex on. */
  readonly batches: readonly EntryBatch[];
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
  readonly reads: readonly { readonly tag: number; readonly index: LogIndex }[];
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
  readonly snapshotIndex: LogIndex;
  readonly membership: Membership;
};

export type Raft = {
  /** Absorbs one input. Synchronous, no I/O. Asserts when an invariant breaks: bad bytes from a
   * peer never get this far (wire), so what is left is a bug here or a broken protocol. */
  step(input: RaftInput, now: Millis): void;
  /** The work outstanding since the last call, or null when there is none. */
  takeReady(): Ready | null;
  /** When step({ kind: "deadline" }) must next be called: an election or heartbeat. */
  deadline(): Millis;
  status(): RaftStatus;
};
