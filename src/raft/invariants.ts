import { assert } from "../lib/assert.ts";
import { type LogIndex, NO_NODE, plus } from "../lib/ids.ts";
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
  readonly matchIndex: ReadonlyMap<number, number>;
};

export function observe(s: RaftState): Observation {
  const { term, votedFor, role, committedTaken } = s;
  const { commitIndex, lastIndex, lastTerm } = s.log;
  const matchIndex = new Map([...s.progress].map(([id, p]) => [id as number, p.matchIndex]));
  return { term, votedFor, role, commitIndex, lastIndex, lastTerm, committedTaken, matchIndex };
}

/**
 * What must hold of one replica at any time (raft-invariants: ORD, and the core's own bookkeeping).
 * Throws AssertionError. O(voters), so debug runs can afford it after every step.
 */
export function checkBasic(s: RaftState): void {
  const { log } = s;
  assert(log.compactedIndex <= (s.snapshot?.lastIndex ?? 0), "compacted beyond the snapshot");
  assert(log.commitIndex <= log.lastIndex, "commitIndex beyond lastIndex");
  assert(s.committedTaken <= log.commitIndex, "handed out beyond commitIndex");
  assert(s.durableIndex <= log.lastIndex, "durableIndex beyond lastIndex");
  assert(s.durableIndex < s.persistFrom, "durable before it was handed out");
  assert(log.lastTerm <= s.term, `log of term ${log.lastTerm} in term ${s.term}`);
  assert((s.role === "leader") === (s.leaderId === s.id), `${s.role} follows ${s.leaderId}`);
  if (s.role === "leader" || s.role === "candidate") {
    assert(s.votedFor === s.id, `${s.role} that voted for ${s.votedFor}`);
  }
  if (s.role !== "leader") assert(s.progress.size === 0, `${s.role} keeps progress`);
  for (const [id, progress] of s.progress) {
    assert(progress.matchIndex < progress.nextIndex, `match >= next of ${id}`);
    assert(progress.matchIndex <= log.lastIndex, `match of ${id} beyond lastIndex`);
    assert(progress.nextIndex <= log.lastIndex + 1, `next of ${id} beyond lastIndex + 1`);
    assert(
      progress.inflightMessages <= s.config.inflightMessagesMax,
      `inflight window of ${id} exceeded`,
    );
  }
}

/** What must hold between two states of one replica without a restart (MON, VU, LAO, QC). */
export function checkDelta(before: Observation, s: RaftState): void {
  assert(s.term >= before.term, `term fell from ${before.term} to ${s.term}`);
  if (s.term === before.term) {
    const same = before.votedFor === NO_NODE || before.votedFor === s.votedFor;
    assert(same, `second vote in term ${s.term}: ${before.votedFor}, then ${s.votedFor}`);
  }
  assert(s.log.commitIndex >= before.commitIndex, "commitIndex fell");
  assert(s.committedTaken >= before.committedTaken, "handed-out index fell");
  if (before.role !== "leader" || s.role !== "leader" || s.term !== before.term) return;
  assert(s.log.lastIndex >= before.lastIndex, "a leader's log got shorter");
  assert(s.log.termAt(before.lastIndex) === before.lastTerm, "a leader's log was rewritten");
  for (const [id, progress] of s.progress) {
    assert(progress.matchIndex >= (before.matchIndex.get(id) ?? 0), `match of ${id} fell`);
  }
  if (s.log.commitIndex > before.commitIndex) {
    assert(s.log.termAt(s.log.commitIndex) === s.term, "committed by counting an old term's entry");
  }
}

/** Log matching (paper §5.3): logs that agree on (index, term) agree on all before it. */
export function checkLogMatching(a: RaftState, b: RaftState): void {
  const last = Math.min(a.log.lastIndex, b.log.lastIndex);
  let agreed = false;
  for (let i = last; i > 0; i--) {
    const index = plus(0 as LogIndex, i);
    const same = a.log.termAt(index) === b.log.termAt(index);
    assert(same || !agreed, `logs of ${a.id} and ${b.id} differ at ${i} below a match`);
    agreed ||= same;
  }
}
