import { plus } from "../lib/ids.ts";
import type { RaftInput } from "./api.ts";
import { appendToLog } from "./append.ts";
import { leaseIsValid } from "./lease.ts";
import { confirmedReadSeq, type RaftState } from "./state.ts";
import { ENTRY_COMMAND } from "./types.ts";

/**
 * Rounds under way for reads. While so many are, the reads that come share the next one, which begins
 * when one of these is confirmed or a heartbeat is due.
 */
const READ_ROUNDS_MAX = 2;

type Propose = Extract<RaftInput, { kind: "propose" }>;

/** Appends a batch of client commands to the leader's log; replication follows in this Ready. */
export function onPropose(s: RaftState, { tag, count, bytes }: Propose): void {
  const { leaderId } = s;
  if (s.role !== "leader") {
    s.refused.push({ tag, leaderId, reason: "notLeader" });
    return;
  }
  if (s.transfer !== null) {
    s.refused.push({ tag, leaderId: s.transfer.to, reason: "transferring" });
    return;
  }
  if (s.uncommittedBytes + bytes.length > s.config.uncommittedBytesMax && s.uncommittedBytes > 0) {
    s.refused.push({ tag, leaderId, reason: "overloaded" });
    return;
  }
  const { lastIndex } = s.log;
  const firstIndex = plus(lastIndex, 1);
  const { term } = s;
  appendToLog(s, lastIndex, [{ firstIndex, term, kind: ENTRY_COMMAND, count, bytes }]);
  s.uncommittedBytes += bytes.length;
  s.proposed.push({ tag, firstIndex, term });
}

/**
 * Starts a linearizable read (thesis §6.4): remember commitIndex, then let a quorum confirm, in a
 * round of heartbeats that starts after now, that we still lead. Until the no-op of our term is
 * committed we do not know what earlier terms committed, so the read waits for that index at least.
 * With `lease` a valid lease confirms it at once, else the same way as any other.
 */
export function onReadIndex(s: RaftState, tag: number, lease: boolean): void {
  if (s.role !== "leader") {
    s.refused.push({ tag, leaderId: s.leaderId, reason: "notLeader" });
    return;
  }
  const { commitIndex } = s.log;
  if (lease && leaseIsValid(s)) {
    s.reads.push({ tag, index: commitIndex, byLease: true });
    return;
  }
  const index = commitIndex > s.termStartIndex ? commitIndex : s.termStartIndex;
  s.waitingReads.push({ tag, index, seq: s.readSeq + 1 });
}

/** Whether reads wait for a round that has not begun, and may begin now. */
export function readRoundIsDue(s: RaftState): boolean {
  const newest = s.waitingReads[s.waitingReads.length - 1];
  if (newest === undefined || newest.seq <= s.readSeq) return false;
  return s.readSeq - confirmedReadSeq(s) < READ_ROUNDS_MAX;
}

/** Hands out the reads that are confirmed and whose index is committed; rounds confirm in order. */
export function takeConfirmedReads(s: RaftState): void {
  if (s.waitingReads.length === 0) return;
  const confirmed = confirmedReadSeq(s);
  let count = 0;
  for (const { tag, index, seq } of s.waitingReads) {
    if (seq > confirmed || index > s.log.commitIndex) break;
    s.reads.push({ tag, index, byLease: false });
    count++;
  }
  s.waitingReads.splice(0, count);
}
