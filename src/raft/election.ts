import { asTerm, NO_NODE, plus } from "../lib/ids.ts";
import { appendToLog } from "./append.ts";
import { noopBytes } from "./batch.ts";
import { mayBeVoter } from "./memberships.ts";
import { isQuorum } from "./quorum.ts";
import { mayQuiesce } from "./quiesce.ts";
import {
  becomeFollower,
  becomeLeader,
  diskStalls,
  hearsQuorum,
  nextHeartbeatAt,
  type RaftState,
  resetElectionTimer,
  withholdsVote,
} from "./state.ts";
import { giveUpTransfer } from "./transfer.ts";
import { ENTRY_NOOP, type Message, type VoteRequest, type VoteResponse } from "./types.ts";

/**
 * The election timeout has passed. Asks first whether an election could be won, without touching
 * the term: a node that was cut off does not depose a healthy leader when it returns (thesis §9.6).
 */
export function startPreVote(s: RaftState): void {
  resetElectionTimer(s);
  giveUpTransfer(s, "no leader was heard after it");
  if (!mayCampaign(s)) return;
  s.role = "preCandidate";
  s.leaderId = NO_NODE;
  s.softStateChanged = true;
  s.votes.clear();
  s.votes.set(s.id, true);
  s.selfVoteSeq = 0;
  requestVotes(s, s.messages, true, false);
  maybeWin(s);
}

/** An election after the loss of a leader starts after so much of the minimal timeout, drawn between the two. */
const LOST_SHARE_MIN = 0.05;
const LOST_SHARE_MAX = 0.15;

/**
 * The leader that we follow is lost (RaftInput.peerLost). We no longer withhold our vote for its sake, and
 * ask for one ourselves soon: not at once, so that the others have noticed, and seldom two at a time. If
 * it lives, those who hear it refuse, and its next word makes us follow it again. A promise that a lease
 * may rest on still holds.
 */
export function onPeerLost(s: RaftState, peer: RaftState["id"]): void {
  if (s.role !== "follower" || s.leaderId !== peer) return;
  s.withholdVoteUntil = Math.min(s.withholdVoteUntil, s.now);
  const share = LOST_SHARE_MIN + s.config.random.float() * (LOST_SHARE_MAX - LOST_SHARE_MIN);
  const soon = Math.max(s.now, s.leasePromisedUntil) + share * s.config.electionTimeoutMinMs;
  s.electionAt = Math.min(s.electionAt, soon);
}

/** Not a learner, nor a server that was removed or lost its data, nor one whose disk stalls. */
export const mayCampaign = (s: RaftState): boolean =>
  mayBeVoter(s) && s.config.mayVote && !diskStalls(s);

/**
 * Enters a new term as a candidate. The request leaves once term and vote are durable. `transfer`:
 * at the leader's wish, so that voters need not have missed it first (thesis §3.10).
 */
export function startElection(s: RaftState, transfer: boolean): void {
  s.term = asTerm(s.term + 1);
  s.votedFor = s.id;
  s.hardStateChanged = true;
  s.role = "candidate";
  s.leaderId = NO_NODE;
  s.softStateChanged = true;
  s.votes.clear();
  s.selfVoteSeq = s.writeSeq + 1;
  resetElectionTimer(s);
  requestVotes(s, s.messagesAfterPersist, false, transfer);
}

function requestVotes(s: RaftState, out: Message[], pre: boolean, transfer: boolean): void {
  const { id: from } = s;
  const { lastIndex, lastTerm } = s.log;
  const term = pre ? asTerm(s.term + 1) : s.term;
  for (const to of new Set([...s.membership.voters, ...s.membership.votersOutgoing])) {
    if (to === from) continue;
    out.push({ kind: "voteRequest", from, to, term, pre, transfer, lastIndex, lastTerm });
  }
}

/** Our own vote counts from when it is durable: else a crash could let us vote twice in a term. */
export function onOwnVoteDurable(s: RaftState): void {
  if (s.role !== "candidate" || s.selfVoteSeq === 0 || s.durableSeq < s.selfVoteSeq) return;
  s.selfVoteSeq = 0;
  s.votes.set(s.id, true);
  maybeWin(s);
}

/**
 * Answers a request for a (pre-)vote (paper §5.2, §5.4.1). raft.ts has dropped real requests of
 * higher terms while a leader is alive, and has settled the term of the others. Learners vote too:
 * one that was made a voter may not know it yet, and its vote may be needed. Whether it counts is
 * for the candidate's membership to say.
 */
export function onVoteRequest(s: RaftState, m: VoteRequest): void {
  const upToDate =
    m.lastTerm > s.log.lastTerm ||
    (m.lastTerm === s.log.lastTerm && m.lastIndex >= s.log.lastIndex);
  if (m.pre) {
    const granted = m.term > s.term && upToDate && !withholdsVote(s);
    s.messages.push(answer(s, m, granted, granted ? m.term : s.term));
    // It is about to ask for the vote itself: two candidates at a time would split the votes.
    if (granted) s.electionAt = Math.max(s.electionAt, s.now + deferralMs(s));
    return;
  }
  const free = s.votedFor === NO_NODE || s.votedFor === m.from;
  const allowed = m.transfer || !withholdsVote(s);
  const granted = m.term === s.term && free && upToDate && allowed && s.role === "follower";
  if (granted) {
    if (s.votedFor !== m.from) s.hardStateChanged = true;
    s.votedFor = m.from;
    resetElectionTimer(s);
  }
  s.messagesAfterPersist.push(answer(s, m, granted, s.term));
}

/** So short that it never keeps one from campaigning whose turn it is, whoever asks in vain. */
const deferralMs = (s: RaftState): number => LOST_SHARE_MAX * s.config.electionTimeoutMinMs;

export function onVoteResponse(s: RaftState, m: VoteResponse): void {
  if (s.role !== (m.pre ? "preCandidate" : "candidate")) return;
  if (m.granted && m.term !== (m.pre ? s.term + 1 : s.term)) return; // Of an older campaign.
  s.votes.set(m.from, m.granted);
  maybeWin(s);
}

function maybeWin(s: RaftState): void {
  if (!isQuorum(s.membership, (id) => s.votes.get(id) === true)) return;
  if (s.role === "preCandidate") startElection(s, false);
  else takeOffice(s);
}

/** Leads, and appends a no-op: only entries of the own term commit earlier ones (§5.4.2, §8). */
export function takeOffice(s: RaftState): void {
  becomeLeader(s);
  s.heartbeatAt = nextHeartbeatAt(s);
  s.heartbeatDue = true;
  const { lastIndex } = s.log;
  const firstIndex = plus(lastIndex, 1);
  s.termStartIndex = firstIndex;
  const { term } = s;
  appendToLog(s, lastIndex, [{ firstIndex, term, kind: ENTRY_NOOP, count: 1, bytes: noopBytes() }]);
}

/**
 * What a leader does at its deadline: heartbeats; and stepping down when no quorum answers, or when
 * its disk stalls: its followers would still commit, but it could not (etcd#15247).
 */
export function onLeaderDeadline(s: RaftState): void {
  s.heartbeatAt = nextHeartbeatAt(s);
  for (const [id, { leaveAt }] of s.progress) if (s.now >= leaveAt) s.progress.delete(id);
  if (hearsQuorum(s) && !diskStalls(s)) s.heartbeatDue = true;
  else becomeFollower(s, s.term, NO_NODE);
  if (s.heartbeatDue && mayQuiesce(s)) s.quiescent = true;
}

function answer(
  s: RaftState,
  m: VoteRequest,
  granted: boolean,
  term: VoteResponse["term"],
): VoteResponse {
  return { kind: "voteResponse", from: s.id, to: m.from, term, pre: m.pre, granted };
}
