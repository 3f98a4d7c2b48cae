import { asIndex, asTerm, type LogIndex, NO_NODE, type NodeId, type Term } from "../lib/ids.ts";
import { type Membership, type Millis, type RaftConfig, type Ready, type Role } from "./api.ts";
import { RaftLog } from "./log.ts";
import { Progress } from "./progress.ts";
import { isQuorum, members, quorumValue } from "./quorum.ts";
import type { Message } from "./types.ts";

type Mutable<T> = T extends readonly (infer U)[] ? U[] : never;

/** A linearizable read that waits for its round of heartbeats, or for the term's first commit. */
export type WaitingRead = { readonly tag: number; index: LogIndex; seq: number };

/** Everything one replica knows. Fields only: behaviour lives in append.ts, election.ts, … */
export class RaftState {
  readonly id: NodeId;
  readonly config: RaftConfig;
  readonly log = new RaftLog();
  membership: Membership;
  now: Millis = 0;

  term: Term = asTerm(0);
  votedFor: NodeId = NO_NODE;
  role: Role = "follower";
  leaderId: NodeId = NO_NODE;
  appliedIndex = asIndex(0);

  /** When an election starts, unless a leader or a granted vote moves it. */
  electionAt: Millis = 0;
  /** When the leader of this term was last heard of; -Infinity: never. */
  leaderHeardAt: Millis = -Infinity;

  /** Candidates: who granted. */
  readonly votes = new Map<NodeId, boolean>();
  /** Candidate: the write that makes its own vote durable; it counts from then on. */
  selfVoteSeq = 0;

  /** Leader: followers and learners by ascending id, so that every run visits them in order. */
  readonly progress = new Map<NodeId, Progress>();
  heartbeatAt: Millis = 0;
  heartbeatDue = false;
  /** Leader: index of this term's no-op; reads wait until it is committed. */
  termStartIndex = asIndex(0);
  uncommittedBytes = 0;
  /** Leader: number of the last read round sent. */
  readSeq = 0;
  readonly waitingReads: WaitingRead[] = [];

  /** First index not yet handed out to be persisted. */
  persistFrom = asIndex(1);
  hardStateChanged = false;
  writeSeq = 0;
  durableSeq = 0;
  /** What of our own log is on our own disk: counts towards the leader's commit. */
  durableIndex = asIndex(0);
  /** Writes handed out and not yet durable, with the last index each makes durable. */
  readonly pendingWrites: { readonly seq: number; lastIndex: LogIndex }[] = [];
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

  constructor(config: RaftConfig) {
    this.config = config;
    this.id = config.id;
    this.membership = config.membership;
  }
}

/** Draws a new election timeout, uniform in [min, 2·min) (paper §5.2). */
export function resetElectionTimer(s: RaftState): void {
  const min = s.config.electionTimeoutMinMs;
  s.electionAt = s.now + min + s.config.random.float() * min;
}

/**
 * Whether a leader is known to be alive, so that a vote for another would only disturb it
 * (thesis §4.2.3): a follower that heard it within the minimal election timeout; a leader that a
 * quorum answers.
 */
export function leaderIsAlive(s: RaftState): boolean {
  if (s.role === "leader") return hearsQuorum(s);
  return s.leaderId !== NO_NODE && s.now - s.leaderHeardAt < s.config.electionTimeoutMinMs;
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
    s.leaderHeardAt = -Infinity;
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
  resetElectionTimer(s);
}

/** Takes office: probes everyone, from just behind our last entry (paper §5.3). */
export function becomeLeader(s: RaftState): void {
  s.role = "leader";
  s.leaderId = s.id;
  s.softStateChanged = true;
  s.votes.clear();
  s.progress.clear();
  s.readSeq = 0;
  for (const id of members(s.membership)) {
    if (id === s.id) continue;
    s.progress.set(id, new Progress(asIndex(0), asIndex(s.log.lastIndex + 1), s.now));
  }
}
