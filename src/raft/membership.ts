import { type LogIndex, maxIndex, NO_NODE, type NodeId, plus } from "../lib/ids.ts";
import type { Millis, RaftInput } from "./api.ts";
import { appendToLog, broadcastHeartbeat, replicate } from "./append.ts";
import { membershipEntry } from "./membership-codec.ts";
import { membershipIndex } from "./memberships.ts";
import { isVoter } from "./quorum.ts";
import { becomeFollower, type RaftState } from "./state.ts";
import { sendTimeoutNow } from "./transfer.ts";
import { ENTRY_MEMBERSHIP, type Membership } from "./types.ts";

/**
 * A change of membership by joint consensus (thesis §4.3), as one leader drives it: new voters are
 * first learners; then an entry with both the old and the new voters; once that is committed, an
 * entry with the new ones alone. Any leader that finds the joint entry in its log ends the change.
 */
export type MembershipChange = {
  readonly tag: number;
  readonly to: Membership;
  /** Those who must catch up before they vote. */
  readonly joining: readonly NodeId[];
  readonly learnersBefore: readonly NodeId[];
  /** Of each joining node that has not caught up: its round of replication (thesis §4.2.1). */
  readonly rounds: Map<NodeId, { readonly target: LogIndex; readonly startedAt: Millis }>;
  /** Set once the entry is appended that ends the change. */
  final: boolean;
};

const NODES_MAX = 255;
/** Election timeouts without an answer after which a joining node is given up. */
const SILENT_TIMEOUTS = 20;

/** Starts a change, or says why not. */
export function onChangeMembership(
  s: RaftState,
  { tag, voters, learners }: Extract<RaftInput, { kind: "changeMembership" }>,
): void {
  const to = { voters: ascending(voters), votersOutgoing: [], learners: ascending(learners) };
  const reason = refusal(s, to);
  if (reason !== null) {
    s.outcomes.push({ tag, outcome: "refused", reason });
    return;
  }
  const now = s.membership;
  const joining = to.voters.filter((id) => !now.voters.includes(id));
  const newcomers = joining.filter((id) => !now.learners.includes(id));
  const rounds = new Map(joining.map((id) => [id, roundFrom(s)]));
  s.change = { tag, to, joining, learnersBefore: now.learners, rounds, final: false };
  if (newcomers.length > 0) {
    const learners = ascending([...now.learners, ...newcomers]);
    appendMembership(s, { ...now, learners });
  } else {
    advanceMembership(s);
  }
}

/** Why the change cannot start now, or null when it can. */
function refusal(s: RaftState, to: Membership): string | null {
  if (s.role !== "leader") return "not the leader";
  if (s.change !== null || s.membership.votersOutgoing.length > 0) {
    return "another change of membership is under way";
  }
  // Without an entry of our own term committed we cannot know whether the membership in our log is
  // the one in use: another leader's may be committed elsewhere (the 2015 single-server bug).
  if (s.log.commitIndex < maxIndex(s.termStartIndex, membershipIndex(s))) {
    return "the membership in use is not committed in this term yet";
  }
  if (s.transfer !== null) return "leadership is being transferred";
  const ids = [...to.voters, ...to.learners];
  if (to.voters.length === 0) return "there would be no voter";
  if (ids.length > NODES_MAX) return `more than ${NODES_MAX} nodes`;
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  return twice === undefined ? null : `node ${twice} is named twice`;
}

/** Leader, once a Ready: takes the next step of a change when the one before is committed. */
export function advanceMembership(s: RaftState): void {
  const { change, membership } = s;
  if (s.log.commitIndex < maxIndex(s.termStartIndex, membershipIndex(s))) return;
  if (membership.votersOutgoing.length > 0) {
    appendMembership(s, { ...membership, votersOutgoing: [] });
    if (change !== null) change.final = true;
    return;
  }
  if (change?.final === true) {
    s.outcomes.push({ tag: change.tag, outcome: "done", reason: "" });
    s.change = null;
  } else if (change !== null) {
    return moveOn(s, change);
  }
  if (!isVoter(membership, s.id)) leave(s);
}

/** No entry of the change is appended yet but the learners': joint once all have caught up. */
function moveOn(s: RaftState, change: MembershipChange): void {
  const { membership } = s;
  const silent = change.joining.find((id) => isSilent(s, id));
  if (silent !== undefined) {
    const reason = `node ${silent} does not answer`;
    s.outcomes.push({ tag: change.tag, outcome: "failed", reason });
    s.change = null;
    const { learnersBefore: learners } = change;
    if (!same(learners, membership.learners)) appendMembership(s, { ...membership, learners });
    return;
  }
  for (const id of [...change.rounds.keys()]) catchUp(s, change, id);
  if (change.rounds.size > 0) return;
  // With the same voters every quorum stays one: no joint phase is needed.
  change.final = same(change.to.voters, membership.voters);
  const votersOutgoing = change.final ? [] : membership.voters;
  appendMembership(s, { ...change.to, votersOutgoing });
}

/**
 * A joining node has caught up when it got, within an election timeout, all that the log held when
 * that round began: then it will not hold up commits for longer than an election would.
 */
function catchUp(s: RaftState, { rounds }: MembershipChange, id: NodeId): void {
  const { target, startedAt } = rounds.get(id)!;
  if (s.progress.get(id)!.matchIndex < target) return;
  if (s.now - startedAt < s.config.electionTimeoutMinMs) rounds.delete(id);
  else rounds.set(id, roundFrom(s));
}

const roundFrom = (s: RaftState) => ({ target: s.log.lastIndex, startedAt: s.now });

const isSilent = (s: RaftState, id: NodeId): boolean =>
  s.progress.get(id)!.activeAt < s.now - SILENT_TIMEOUTS * s.config.electionTimeoutMinMs;

/**
 * The membership without us is committed: tell the followers so, and let the one that is furthest
 * take over, so that clients need not wait for an election timeout (thesis §4.2.2).
 */
function leave(s: RaftState): void {
  replicate(s);
  broadcastHeartbeat(s);
  const { voters } = s.membership;
  const next = voters.find((id) => s.progress.get(id)!.matchIndex === s.log.lastIndex);
  if (next !== undefined) sendTimeoutNow(s, next);
  becomeFollower(s, s.term, NO_NODE);
}

function appendMembership(s: RaftState, membership: Membership): void {
  const { lastIndex } = s.log;
  const firstIndex = plus(lastIndex, 1);
  const bytes = membershipEntry(membership);
  appendToLog(s, lastIndex, [
    { firstIndex, term: s.term, kind: ENTRY_MEMBERSHIP, count: 1, bytes },
  ]);
}

const ascending = (ids: readonly NodeId[]): NodeId[] => [...ids].sort((a, b) => a - b);

const same = (a: readonly NodeId[], b: readonly NodeId[]): boolean =>
  a.length === b.length && a.every((id, i) => id === b[i]);
