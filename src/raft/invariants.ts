import { assert, broken } from "../lib/assert.ts";
import { type LogIndex, NO_NODE, plus } from "../lib/ids.ts";
import type { Membership } from "./api.ts";
import { membershipIndex } from "./memberships.ts";
import { isVoter } from "./quorum.ts";
import type { RaftState } from "./state.ts";

/** What `checkDelta` must remember of a state, taken before a step. */
export type Observation = {
  readonly term: number;
  readonly votedFor: number;
  readonly role: string;
  readonly commitIndex: LogIndex;
  readonly lastIndex: LogIndex;
  readonly lastTerm: number;
  readonly committedTaken: number;
  readonly appliedIndex: LogIndex;
  readonly snapshotIndex: number;
  readonly membership: Membership;
  readonly membershipIndex: LogIndex;
  readonly matchIndex: ReadonlyMap<number, number>;
};

export function observe(s: RaftState): Observation {
  const { term, votedFor, role, committedTaken, appliedIndex, membership } = s;
  const { commitIndex, lastIndex, lastTerm } = s.log;
  return {
    ...{ term, votedFor, role, commitIndex, lastIndex, lastTerm, committedTaken, appliedIndex },
    ...{ membership, membershipIndex: membershipIndex(s) },
    snapshotIndex: s.snapshot?.lastIndex ?? 0,
    matchIndex: new Map([...s.progress].map(([id, p]) => [id as number, p.matchIndex])),
  };
}

/**
 * What must hold of one replica at any time (raft-invariants: ORD, and the core's own bookkeeping).
 * Throws AssertionError. O(voters), so debug runs can afford it after every step.
 */
export function checkBasic(s: RaftState): void {
  const { log } = s;
  const snapshotIndex = s.snapshot?.lastIndex ?? 0;
  assert(log.compactedIndex <= snapshotIndex, "compacted beyond the snapshot");
  assert(snapshotIndex <= s.appliedIndex, "snapshot beyond appliedIndex");
  assert(s.appliedIndex <= s.committedTaken, "applied before it was handed out");
  assert(log.commitIndex <= log.lastIndex, "commitIndex beyond lastIndex");
  assert(s.committedTaken <= log.commitIndex, "handed out beyond commitIndex");
  assert(s.durableIndex <= log.lastIndex, "durableIndex beyond lastIndex");
  assert(s.durableIndex < s.persistFrom, "durable before it was handed out");
  if (log.lastTerm > s.term) broken(`log of term ${log.lastTerm} in term ${s.term}`);
  if ((s.role === "leader") !== (s.leaderId === s.id)) broken(`${s.role} follows ${s.leaderId}`);
  checkMembership(s);
  checkQuiescence(s);
  if (s.role === "leader" || s.role === "candidate") {
    if (s.votedFor !== s.id) broken(`${s.role} that voted for ${s.votedFor}`);
  }
  if (s.role !== "leader" && s.progress.size !== 0) broken(`${s.role} keeps progress`);
  for (const [id, progress] of s.progress) {
    const { sending } = progress;
    if ((progress.state === "snapshot") !== (sending !== null))
      broken(`${id} gets a snapshot or not`);
    if (sending !== null) {
      const { acked, asked } = sending;
      if (acked > asked) broken(`snapshot window of ${id}: ${acked} > ${asked}`);
      const window = s.config.snapshotInflightBytesMax;
      if (asked - acked > window) broken(`snapshot window of ${id} exceeded`);
    }
    if (progress.matchIndex >= progress.nextIndex) broken(`match >= next of ${id}`);
    if (progress.matchIndex > log.lastIndex) broken(`match of ${id} beyond lastIndex`);
    if (progress.nextIndex > log.lastIndex + 1) broken(`next of ${id} beyond lastIndex + 1`);
    if (progress.inflightMessages > s.config.inflightMessagesMax)
      broken(`inflight window of ${id} exceeded`);
  }
}

/** What must hold between two states of one replica without a restart (MON, VU, LAO, QC). */
export function checkDelta(before: Observation, s: RaftState): void {
  if (s.term < before.term) broken(`term fell from ${before.term} to ${s.term}`);
  if (s.term === before.term) {
    const same = before.votedFor === NO_NODE || before.votedFor === s.votedFor;
    if (!same) broken(`second vote in term ${s.term}: ${before.votedFor}, then ${s.votedFor}`);
  }
  assert(s.log.commitIndex >= before.commitIndex, "commitIndex fell");
  assert(s.committedTaken >= before.committedTaken, "handed-out index fell");
  assert(s.appliedIndex >= before.appliedIndex, "appliedIndex fell");
  assert((s.snapshot?.lastIndex ?? 0) >= before.snapshotIndex, "snapshotIndex fell");
  const campaigns = s.role === "preCandidate" || s.role === "candidate";
  if (campaigns && before.role !== s.role) {
    const since = s.memberships.findLastIndex(({ index }) => index <= s.log.commitIndex);
    const possible = s.memberships.slice(Math.max(0, since));
    const isOne = possible.some(({ membership }) => isVoter(membership, s.id));
    assert(isOne, "one that is no voter campaigns");
    assert(s.config.mayVote, "one that lost its data campaigns");
  }
  if (before.role !== "leader" || s.role !== "leader" || s.term !== before.term) return;
  assert(s.log.lastIndex >= before.lastIndex, "a leader's log got shorter");
  assert(s.log.termAt(before.lastIndex) === before.lastTerm, "a leader's log was rewritten");
  for (const [id, progress] of s.progress) {
    if (progress.matchIndex < (before.matchIndex.get(id) ?? 0)) broken(`match of ${id} fell`);
  }
  if (membershipIndex(s) > before.membershipIndex) checkChange(before, s);
  if (s.log.commitIndex > before.commitIndex) {
    assert(s.log.termAt(s.log.commitIndex) === s.term, "committed by counting an old term's entry");
  }
}

/** Nobody sleeps while the group has something to do. */
function checkQuiescence(s: RaftState): void {
  if (!s.quiescent) return;
  const { log } = s;
  assert(s.config.quiesce && s.config.mayVote, "quiescent, and must not be");
  if (s.role !== "leader" && s.role !== "follower") broken(`a ${s.role} is quiescent`);
  assert(s.leaderId !== NO_NODE, "quiescent without a leader");
  assert(log.commitIndex === log.lastIndex, "quiescent with an entry that is not committed");
  assert(s.waitingReads.length === 0 && s.transfer === null, "quiescent with something under way");
  assert(s.change === null && s.membership.votersOutgoing.length === 0, "quiescent in a change");
  for (const [id, { matchIndex }] of s.progress) {
    if (matchIndex !== log.lastIndex) broken(`quiescent, and ${id} lacks entries`);
  }
}

/** The membership in use is the newest in the log (CFG), and progress follows it. */
function checkMembership(s: RaftState): void {
  const { voters, votersOutgoing, learners } = s.membership;
  assert(s.membership === s.memberships.at(-1)!.membership, "another membership is in use");
  assert(membershipIndex(s) <= s.log.lastIndex, "the membership in use is not in the log");
  const indexes = s.memberships.map(({ index }) => index);
  if (indexes.some((index, i) => i > 0 && index <= indexes[i - 1]!))
    broken(`memberships at ${indexes.join(" ")}`);
  if (s.role !== "leader") return;
  assert(s.log.commitIndex >= s.termStartIndex || s.change === null, "a change before the no-op");
  for (const id of [...voters, ...votersOutgoing, ...learners]) {
    if (id === s.id) continue;
    if (s.progress.get(id)?.leaveAt !== Infinity) broken(`member ${id} has no progress`);
  }
}

/**
 * A leader appended a membership (CFG): the one before is committed, so is an entry of its own term
 * (the 2015 single-server bug), and every new quorum overlaps every old one.
 */
function checkChange(before: Observation, s: RaftState): void {
  const old = before.membership;
  const { voters, votersOutgoing } = s.membership;
  assert(s.log.commitIndex >= before.membershipIndex, "two uncommitted memberships");
  assert(s.log.commitIndex >= s.termStartIndex, "a membership before the term's no-op committed");
  const same = (a: readonly number[], b: readonly number[]) => `${a}` === `${b}`;
  const stays = same(voters, old.voters) && same(votersOutgoing, old.votersOutgoing);
  const enters = old.votersOutgoing.length === 0 && same(votersOutgoing, old.voters);
  const leaves = votersOutgoing.length === 0 && same(voters, old.voters);
  if (!stays && !enters && !leaves)
    broken(`quorums of ${voters} and ${old.voters} need not overlap`);
}

/** Log matching (paper §5.3): logs that agree on (index, term) agree on all before it. */
export function checkLogMatching(a: RaftState, b: RaftState): void {
  const last = Math.min(a.log.lastIndex, b.log.lastIndex);
  let agreed = false;
  const first = Math.max(1, a.log.compactedIndex, b.log.compactedIndex);
  for (let i = last; i >= first; i--) {
    const index = plus(0 as LogIndex, i);
    const same = a.log.termAt(index) === b.log.termAt(index);
    if (!same && agreed) broken(`logs of ${a.id} and ${b.id} differ at ${i} below a match`);
    agreed ||= same;
  }
}
