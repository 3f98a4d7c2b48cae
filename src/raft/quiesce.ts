import type { Message } from "./types.ts";
import type { RaftInput } from "./api.ts";
import { isVoter } from "./quorum.ts";
import { nextHeartbeatAt, type RaftState, resetElectionTimer } from "./state.ts";

/**
 * Quiescence (as CockroachDB's): an idle group costs nothing. Once all members hold all entries, know them
 * committed, and nothing is under way, the leader says so in one more heartbeat, and from then on nobody's
 * timer runs: neither heartbeats nor elections. Any input but more of that heartbeat wakes a replica; who
 * runs it must wake those whose peer may be gone (replica/liveness.ts), for they no longer find out.
 *
 * It promises nothing, so that it cannot be unsafe: a leader that sleeps through its successor's election is
 * a leader of an old term, as after any long silence. It has no lease and confirms reads by a round.
 */

/** Election timeouts of idleness before it: one that is used now and then stays awake. */
const IDLE_TIMEOUTS = 2;

/** Leader, at its heartbeat: whether the next one may be the last. */
export function mayQuiesce(s: RaftState): boolean {
  if (!s.config.quiesce || !isIdle(s)) {
    s.quietRound = 0;
    return false;
  }
  const { lastIndex } = s.log;
  if (s.quietRound === 0 || s.quietIndex !== lastIndex) {
    // The round that leaves now tells everyone that all of it is committed; the answers tell us that they know.
    s.quietRound = s.readSeq + 1;
    s.quietIndex = lastIndex;
    return false;
  }
  for (const { readSeq } of s.progress.values()) if (readSeq < s.quietRound) return false;
  return true;
}

/** Nothing is under way, all of it is on all disks, and nobody asked for anything for a while. */
function isIdle(s: RaftState): boolean {
  const { lastIndex, commitIndex } = s.log;
  if (s.now - s.usedAt < IDLE_TIMEOUTS * s.config.electionTimeoutMinMs) return false;
  if (commitIndex !== lastIndex || s.appliedIndex !== lastIndex) return false;
  if (s.pendingWrites.length > 0 || s.waitingReads.length > 0) return false;
  if (s.change !== null || s.transfer !== null) return false;
  if (s.membership.votersOutgoing.length > 0 || !isVoter(s.membership, s.id)) return false;
  for (const { matchIndex, state, leaveAt } of s.progress.values()) {
    if (matchIndex !== lastIndex || state !== "replicate" || leaveAt !== Infinity) return false;
  }
  return true;
}

/**
 * Follower: the leader has heard that everyone holds all. One that does not (it lost what it knew of the
 * commits in a restart, say) stays awake and answers, which wakes the leader.
 */
export function followsIntoQuiescence(s: RaftState, commitIndex: number): boolean {
  const { log } = s;
  if (!s.config.quiesce || log.lastIndex !== commitIndex || log.commitIndex !== commitIndex) {
    return false;
  }
  return s.incoming === null && s.installing === null && s.transfer === null;
}

/** Whether an input shows that the group is in use, or that something is wrong in it. */
export function isUse(s: RaftState, input: RaftInput): boolean {
  switch (input.kind) {
    case "propose":
    case "readIndex":
    case "changeMembership":
    case "transferLeadership":
    case "wake":
      return true;
    case "peerUnreachable":
      return s.quiescent && isMember(s, input.peer);
    case "peerLost":
      return s.quiescent && s.leaderId === input.peer;
    case "message":
      return s.quiescent && !isOldNews(s, input.message);
    default:
      return false;
  }
}

const isMember = (s: RaftState, id: RaftState["id"]): boolean =>
  isVoter(s.membership, id) || s.membership.learners.includes(id);

/** The heartbeat that we sleep by, again; or a late answer to a round from before. */
function isOldNews(s: RaftState, m: Message): boolean {
  if (m.term !== s.term) return false;
  if (m.kind === "heartbeat") return m.quiesce && m.commitIndex === s.log.commitIndex;
  if (m.kind !== "heartbeatResponse" || m.readSeq === WAKE_UP) return false;
  return m.readSeq <= (s.progress.get(m.from)?.readSeq ?? 0);
}

/** No round has this number: a heartbeat response with it asks a leader that sleeps to speak. */
const WAKE_UP = 0;

/** The group is in use: timers run again, and begin anew. */
export function wake(s: RaftState, input: RaftInput): void {
  s.usedAt = s.now;
  if (!s.quiescent) return;
  s.quiescent = false;
  s.quietRound = 0;
  if (s.role === "leader") return wakeLeader(s);
  resetElectionTimer(s);
  const message = input.kind === "message" ? input.message : null;
  if (message?.from === s.leaderId) return;
  // Who missed the last heartbeat campaigns, though the leader is well: give that one time to say so.
  const isCandidate = message?.kind === "voteRequest";
  if (isCandidate) s.withholdVoteUntil = s.now + s.config.electionTimeoutMinMs;
  const { id: from, leaderId: to, term } = s;
  s.messages.push({ kind: "heartbeatResponse", from, to, term, readSeq: WAKE_UP });
}

/** It heartbeats at once. Nobody was to answer meanwhile, and no answer of before counts for a lease. */
function wakeLeader(s: RaftState): void {
  s.heartbeatAt = nextHeartbeatAt(s);
  s.heartbeatDue = true;
  s.leaseStart = -Infinity;
  s.roundsSent.length = 0;
  for (const progress of s.progress.values()) progress.activeAt = s.now;
}
