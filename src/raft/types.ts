import type { LogIndex, NodeId, Term } from "../lib/ids.ts";

export type Membership = {
  /** Ascending ids. */
  readonly voters: readonly NodeId[];
  /** The old voters while a joint change is under way (thesis §4.3); otherwise empty. */
  readonly votersOutgoing: readonly NodeId[];
  readonly learners: readonly NodeId[];
};

/** What the entries of a batch are: client commands, a leader's no-op, or a membership change. */
export const ENTRY_COMMAND = 0;
export const ENTRY_NOOP = 1;
export const ENTRY_MEMBERSHIP = 2;
export type EntryKind = typeof ENTRY_COMMAND | typeof ENTRY_NOOP | typeof ENTRY_MEMBERSHIP;

/**
 * A run of consecutive entries of one term and one kind, encoded once (docs/adr/0002).
 *
 * The leader gathers all commands of an event-loop turn into one batch; the same bytes then go to
 * its WAL, to every follower, and from a follower's receive buffer to that follower's WAL. The log
 * holds batches, so its cost is per batch and not per entry.
 *
 * `bytes` is `count` times `u32 length (little-endian) · payload`. Nobody writes to it again.
 * A no-op or membership batch holds exactly one entry.
 */
export type EntryBatch = {
  readonly firstIndex: LogIndex;
  readonly term: Term;
  readonly kind: EntryKind;
  /** Number of entries, at least 1. */
  readonly count: number;
  readonly bytes: Uint8Array;
};

/** Asks for a vote (paper §5.2), or with `pre` whether one would be granted (thesis §9.6). */
export type VoteRequest = {
  readonly kind: "voteRequest";
  readonly from: NodeId;
  readonly to: NodeId;
  /** The candidate's term; with `pre`, the term it would start. */
  readonly term: Term;
  readonly pre: boolean;
  /** Sent at the leader's wish (TimeoutNow): a voter grants it although it hears that leader. */
  readonly transfer: boolean;
  readonly lastIndex: LogIndex;
  readonly lastTerm: Term;
};

export type VoteResponse = {
  readonly kind: "voteResponse";
  readonly from: NodeId;
  readonly to: NodeId;
  /** Of a granted pre-vote: the term asked for. Otherwise the voter's own term. */
  readonly term: Term;
  readonly pre: boolean;
  readonly granted: boolean;
};

/** Replicates entries (paper §5.3). Always holds at least one batch, except as a probe. */
export type AppendEntries = {
  readonly kind: "appendEntries";
  readonly from: NodeId;
  readonly to: NodeId;
  readonly term: Term;
  readonly prevIndex: LogIndex;
  readonly prevTerm: Term;
  readonly commitIndex: LogIndex;
  /** Contiguous from prevIndex + 1. */
  readonly batches: readonly EntryBatch[];
};

/**
 * Reply to AppendEntries. Accepted: `index` is the last index known to match the leader.
 * Rejected: `index` echoes the refused prevIndex, and (hintIndex, hintTerm) is the follower's
 * guess at where the two logs last agree.
 */
export type AppendResponse = {
  readonly kind: "appendResponse";
  readonly from: NodeId;
  readonly to: NodeId;
  readonly term: Term;
  readonly index: LogIndex;
  readonly rejected: boolean;
  readonly hintIndex: LogIndex;
  readonly hintTerm: Term;
};

/**
 * The leader is alive; commitIndex is capped at what the follower is known to hold. `readSeq`
 * counts the read rounds of this leadership: an answer with readSeq >= n, from a quorum, confirms
 * every read that was waiting when n was issued (thesis §6.4). `quiesce`: all members hold all that is
 * committed, and there will be no more heartbeats; who holds just that goes to sleep and answers nothing.
 * `lease`: a lease rests on the answer, so that it promises to withhold the vote (lease.ts).
 */
export type Heartbeat = {
  readonly kind: "heartbeat";
  readonly from: NodeId;
  readonly to: NodeId;
  readonly term: Term;
  readonly commitIndex: LogIndex;
  readonly readSeq: number;
  readonly quiesce: boolean;
  readonly lease: boolean;
};

/** Never waits for the disk: it promises nothing but "your term was still current for me". */
export type HeartbeatResponse = {
  readonly kind: "heartbeatResponse";
  readonly from: NodeId;
  readonly to: NodeId;
  readonly term: Term;
  readonly readSeq: number;
};

/**
 * One chunk of the leader's snapshot (paper §7), for a follower whose next entry is compacted away.
 * The last chunk is the one that ends at totalBytes.
 */
export type InstallSnapshot = {
  readonly kind: "installSnapshot";
  readonly from: NodeId;
  readonly to: NodeId;
  readonly term: Term;
  /** The snapshot stands for all entries up to here. */
  readonly lastIndex: LogIndex;
  readonly lastTerm: Term;
  /** The membership as of lastIndex. */
  readonly membership: Membership;
  readonly totalBytes: number;
  readonly offset: number;
  readonly data: Uint8Array;
};

/** Reply to InstallSnapshot: resume at `offset`; `installed` once the whole is durable and in use. */
export type SnapshotResponse = {
  readonly kind: "snapshotResponse";
  readonly from: NodeId;
  readonly to: NodeId;
  readonly term: Term;
  /** Names the snapshot. */
  readonly lastIndex: LogIndex;
  /** Bytes received without a gap: where the next chunk must begin. */
  readonly offset: number;
  readonly installed: boolean;
};

/** Leadership transfer: start an election at once (thesis §3.10). */
export type TimeoutNow = {
  readonly kind: "timeoutNow";
  readonly from: NodeId;
  readonly to: NodeId;
  readonly term: Term;
};

export type Message =
  | VoteRequest
  | VoteResponse
  | AppendEntries
  | AppendResponse
  | Heartbeat
  | HeartbeatResponse
  | InstallSnapshot
  | SnapshotResponse
  | TimeoutNow;
