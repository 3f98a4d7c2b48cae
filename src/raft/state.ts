import { asIndex, asTerm, type LogIndex, NO_NODE, type NodeId, type Term } from "../lib/ids.ts";
import type { Membership, Millis, RaftConfig, Ready, Role, SnapshotMeta } from "./api.ts";
import { RaftLog } from "./log.ts";
import type { MembershipChange } from "./membership.ts";
import { Progress } from "./progress.ts";
import { isQuorum, members, quorumValue } from "./quorum.ts";
import type { Incoming } from "./snapshot-receive.ts";
import type { Transfer } from "./transfer.ts";
import type { Message } from "./types.ts";

type Mutable<T> = T extends readonly (infer U)[] ? U[] : never;

/** A linearizable read that waits for its round of heartbeats, or for the term's first commit. */
export type WaitingRead = { readonly tag: number; index: LogIndex; seq: number };

/** Everything one replica knows. Fields only: behaviour lives in append.ts, election.ts, … */
export class RaftState {
  readonly id: NodeId;
  readonly config: RaftConfig;
  readonly log = new RaftLog();
  /** The memberships in the log, and the one before them; the last one is in effect. */
  readonly memberships: { readonly index: LogIndex; readonly membership: Membership }[];
  membership: Membership;
  now: Millis = 0;

  term: Term = asTerm(0);
  votedFor: NodeId = NO_NODE;
  role: Role = "follower";
  leaderId: NodeId = NO_NODE;
  appliedIndex = asIndex(0);

  /** When an election starts, unless a leader or a granted vote moves it. */
  electionAt: Millis = 0;
  /** Until then we help nobody to depose the leader that we heard, unless it is lost. */
  withholdVoteUntil: Millis = -Infinity;
  /** Until then a lease may rest on us: we vote for nobody, ourselves included, of whatever term (lease.ts). */
  leasePromisedUntil: Millis = -Infinity;

  /** Candidates: who granted. */
  readonly votes = new Map<NodeId, boolean>();
  /** Candidate: the write that makes its own vote durable; it counts from then on. */
  selfVoteSeq = 0;

  /** Leader: followers and learners by ascending id, so that every run visits them in order. */
  readonly progress = new Map<NodeId, Progress>();
  heartbeatAt: Millis = 0;
  heartbeatDue = false;
  /** Nobody uses the group: no timer runs (quiesce.ts). */
  quiescent = false;
  /** When somebody last used it. */
  usedAt: Millis = 0;
  /** Leader: the first round that told everyone that all up to quietIndex is committed; 0: none has. */
  quietRound = 0;
  quietIndex = asIndex(0);
  /** Leader: index of this term's no-op; reads wait until it is committed. */
  termStartIndex = asIndex(0);
  uncommittedBytes = 0;
  /** Leader: number of the last round of heartbeats. */
  readSeq = 0;
  readonly waitingReads: WaitingRead[] = [];
  /** Leader: rounds not yet confirmed, oldest first; and when the newest confirmed one was sent. */
  readonly roundsSent: { readonly seq: number; readonly at: Millis }[] = [];
  leaseStart: Millis = -Infinity;
  timeoutNowSent = false;
  /** Leader: the membership change under way. */
  change: MembershipChange | null = null;
  /** The transfer of leadership under way, until another leader is heard. */
  transfer: Transfer | null = null;

  /** Our newest durable snapshot. */
  snapshot: SnapshotMeta | null = null;
  snapshotChanged = false;
  /** Follower: a snapshot that is arriving; one that is complete and in the owner's hands. */
  incoming: Incoming | null = null;
  installing: SnapshotMeta | null = null;

  /** First index not yet handed out to be persisted. */
  persistFrom = asIndex(1);
  hardStateChanged = false;
  writeSeq = 0;
  durableSeq = 0;
  /** What of our own log is on our own disk: counts towards the leader's commit. */
  durableIndex = asIndex(0);
  /** Writes handed out and not yet durable, with the last index each makes durable. */
  readonly pendingWrites: { readonly seq: number; lastIndex: LogIndex; readonly at: Millis }[] = [];
  /** Last index handed out in `committed`. */
  committedTaken = asIndex(0);
  softStateChanged = false;

  /** Sent at once: may leave before our own disk write completes (thesis §10.2.1). */
  messages: Message[] = [];
  /** Held until our pending disk write is durable: votes, acks and vote requests (thesis §3.8). */
  messagesAfterPersist: Message[] = [];
  proposed: Mutable<Ready["proposed"]> = [];
  reads: Mutable<Ready["reads"]> = [];
  refused: Mutable<Ready["refused"]> = [];
  snapshotReads: Mutable<Ready["snapshotReads"]> = [];
  snapshotWrites: Mutable<Ready["snapshotWrites"]> = [];
  outcomes: Mutable<Ready["outcomes"]> = [];

  constructor(config: RaftConfig) {
    this.config = config;
    this.id = config.id;
    this.membership = config.membership;
    this.memberships = [{ index: asIndex(0), membership: config.membership }];
  }
}

/** Draws a new election timeout, uniform in [min, 2·min) (paper §5.2). */
export function resetElectionTimer(s: RaftState): void {
  const min = s.config.electionTimeoutMinMs;
  s.electionAt = s.now + min + s.config.random.float() * min;
}

/** Of a group among many: on a grid, so that the heartbeats of all groups of a node leave together. */
export function nextHeartbeatAt(s: RaftState): Millis {
  const { heartbeatIntervalMs, quiesce } = s.config;
  if (!quiesce) return s.now + heartbeatIntervalMs;
  const at = (Math.floor(s.now / heartbeatIntervalMs) + 1) * heartbeatIntervalMs;
  return at > s.now ? at : at + heartbeatIntervalMs; // Of intervals that are no whole numbers.
}

/**
 * Whether a vote for another would only disturb a leader (thesis §4.2.3), or break its lease: a
 * follower that heard one within the minimal election timeout; a leader that a quorum answers.
 */
export const withholdsVote = (s: RaftState): boolean =>
  s.role === "leader"
    ? hearsQuorum(s)
    : s.now < s.withholdVoteUntil || s.now < s.leasePromisedUntil;

/** Whether our disk has not completed a write for so long that we had better not lead. */
export function diskStalls(s: RaftState): boolean {
  const oldest = s.pendingWrites[0];
  return oldest !== undefined && s.now - oldest.at >= s.config.diskStallMs;
}

/** Leader: whether a quorum answered within the maximal election timeout (CheckQuorum). */
export function hearsQuorum(s: RaftState): boolean {
  const since = s.now - 2 * s.config.electionTimeoutMinMs;
  return isQuorum(s.membership, (id) => id === s.id || s.progress.get(id)!.activeAt >= since);
}

/** The highest read round that a quorum, ourselves included, has confirmed. */
export const confirmedReadSeq = (s: RaftState): number =>
  quorumValue(s.membership, (id) => (id === s.id ? s.readSeq : s.progress.get(id)!.readSeq));

/** Enters `term` (or stays in it) as a follower of `leaderId`. Gives up every leader's duty. */
export function becomeFollower(s: RaftState, term: Term, leaderId: NodeId): void {
  const wasLeader = s.role === "leader";
  if (term > s.term) {
    s.term = term;
    s.votedFor = NO_NODE;
    s.hardStateChanged = true;
    s.softStateChanged = true;
  }
  if (s.role !== "follower" || s.leaderId !== leaderId) s.softStateChanged = true;
  s.role = "follower";
  s.leaderId = leaderId;
  s.votes.clear();
  s.selfVoteSeq = 0;
  if (!wasLeader) return;
  s.progress.clear();
  s.uncommittedBytes = 0;
  s.heartbeatDue = false;
  for (const { tag } of s.waitingReads) s.refused.push({ tag, leaderId, reason: "notLeader" });
  s.waitingReads.length = 0;
  if (s.change !== null) {
    const { tag } = s.change;
    s.outcomes.push({ tag, outcome: "failed", reason: "leadership was lost" });
    s.change = null;
  }
  resetElectionTimer(s);
}

/** What a leader assumes of a follower at first: nothing matches, and it may hold all but the last. */
export const newProgress = (s: RaftState): Progress =>
  new Progress(asIndex(0), asIndex(s.log.lastIndex + 1), s.now, s.config.heartbeatIntervalMs);

/** Takes office: probes everyone, from just behind our last entry (paper §5.3). */
export function becomeLeader(s: RaftState): void {
  s.role = "leader";
  s.leaderId = s.id;
  s.softStateChanged = true;
  s.votes.clear();
  s.progress.clear();
  s.readSeq = 0;
  s.usedAt = s.now;
  s.quietRound = 0;
  s.roundsSent.length = 0;
  s.leaseStart = -Infinity;
  s.timeoutNowSent = false;
  for (const id of members(s.membership)) {
    if (id === s.id) continue;
    s.progress.set(id, newProgress(s));
  }
}
