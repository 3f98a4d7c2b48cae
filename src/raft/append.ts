import { broken } from "../lib/assert.ts";
import { asIndex, asTerm, type LogIndex, maxIndex, minIndex, NO_NODE, plus } from "../lib/ids.ts";
import { lastIndexOf } from "./batch.ts";
import { maybeCommit } from "./commit.ts";
import { noteMemberships } from "./memberships.ts";
import type { Millis } from "./api.ts";
import type { Progress } from "./progress.ts";
import { followsIntoQuiescence } from "./quiesce.ts";
import { askForChunks, checkSnapshot, startSnapshot } from "./snapshot-send.ts";
import { becomeFollower, type RaftState, resetElectionTimer } from "./state.ts";
import { settleTransfer } from "./transfer.ts";
import type {
  AppendEntries,
  AppendResponse,
  EntryBatch,
  Heartbeat,
  HeartbeatResponse,
} from "./types.ts";

/** Follower side of log replication (paper §5.3). raft.ts has already settled the term. */
export function onAppendEntries(s: RaftState, m: AppendEntries): void {
  hearLeader(s, m.from);
  const { log } = s;
  // Below commitIndex there is nothing to compare: committed entries cannot conflict (§5.4).
  if (m.prevIndex >= log.commitIndex && log.termAt(m.prevIndex) !== m.prevTerm) {
    // Every leader entry up to prevIndex has term <= prevTerm, so our entries with a higher term
    // cannot match any of them: skip that whole tail instead of one index per round trip.
    const hintIndex = log.lastIndexWithTermAtMost(m.prevIndex, m.prevTerm);
    const hintTerm = asTerm(log.termAt(hintIndex));
    s.messagesAfterPersist.push(respond(s, m.from, m.prevIndex, true, hintIndex, hintTerm));
    return;
  }
  appendToLog(s, m.prevIndex, m.batches);
  const last = m.batches[m.batches.length - 1];
  const covered = last === undefined ? m.prevIndex : lastIndexOf(last);
  log.commitTo(minIndex(m.commitIndex, covered));
  // What is committed matches too, though this append may be an old one that ends before it.
  acknowledge(s, m.from, maxIndex(covered, log.commitIndex));
}

/** Tells the leader that our log matches its own up to `index`. */
export function acknowledge(s: RaftState, leader: AppendEntries["from"], index: LogIndex): void {
  s.messagesAfterPersist.push(respond(s, leader, index, false, asIndex(0), asTerm(0)));
}

/** Puts batches into the log and takes back what was claimed of entries that they replace. */
export function appendToLog(
  s: RaftState,
  prevIndex: LogIndex,
  batches: readonly EntryBatch[],
): void {
  const { lastIndex } = s.log;
  const firstNew = s.log.append(prevIndex, batches);
  if (firstNew === 0) return;
  const kept = plus(firstNew, -1);
  if (firstNew <= lastIndex) dropAcks(s, kept);
  s.persistFrom = minIndex(s.persistFrom, firstNew);
  s.durableIndex = minIndex(s.durableIndex, kept);
  for (const write of s.pendingWrites) write.lastIndex = minIndex(write.lastIndex, kept);
  noteMemberships(s, batches, firstNew);
}

/**
 * Acks of this turn, beyond `kept`, are of entries that were replaced before a write could make them
 * durable. Only a leader that is deposed waits for them.
 */
function dropAcks(s: RaftState, kept: LogIndex): void {
  s.messagesAfterPersist = s.messagesAfterPersist.filter(
    (m) => m.kind !== "appendResponse" || m.rejected || m.index <= kept,
  );
}

/** Leader side: advances or repairs one follower's progress. */
export function onAppendResponse(s: RaftState, m: AppendResponse): void {
  if (s.role !== "leader") return; // Of our own term, from before we were deposed: too late.
  const progress = s.progress.get(m.from);
  if (progress === undefined) return; // Removed from the group while the reply was in flight.
  progress.activeAt = s.now;
  if (m.rejected) {
    // The follower holds hintTerm at hintIndex, and nothing higher before it. Any of our entries
    // with a higher term must therefore differ from its own: step over all of them at once. With
    // the follower doing the same, a repair costs at most one probe per differing term.
    progress.regress(m.index, s.log.lastIndexWithTermAtMost(m.hintIndex, m.hintTerm));
    return;
  }
  if (m.index > s.log.lastIndex) broken(`ack ${m.index} beyond our last index ${s.log.lastIndex}`);
  if (progress.advance(m.index, s.now)) maybeCommit(s);
}

export function onHeartbeat(s: RaftState, m: Heartbeat): void {
  hearLeader(s, m.from);
  if (m.lease) s.leasePromisedUntil = s.now + s.config.electionTimeoutMinMs;
  // The leader caps commitIndex at what we acknowledged in this term, so we hold and match it.
  s.log.commitTo(m.commitIndex);
  s.quiescent = m.quiesce && followsIntoQuiescence(s, m.commitIndex);
  if (s.quiescent) return;
  const { id: from, term } = s;
  const { readSeq } = m;
  s.messages.push({ kind: "heartbeatResponse", from, to: m.from, term, readSeq });
}

export function onHeartbeatResponse(s: RaftState, m: HeartbeatResponse): void {
  if (s.role !== "leader") return;
  const progress = s.progress.get(m.from);
  if (progress === undefined) return;
  progress.activeAt = s.now;
  if (m.readSeq > progress.readSeq) progress.readSeq = m.readSeq;
  if (progress.sending !== null) return checkSnapshot(s, m.from, progress.sending);
  if (s.now < progress.stuckCheckAt) return;
  progress.stuckCheckAt = s.now + s.config.heartbeatIntervalMs;
  // It is alive, yet has acknowledged nothing for a heartbeat: an append or its ack was lost.
  const stuck = progress.matchIndex < s.log.lastIndex && progress.stuckAt === progress.matchIndex;
  progress.stuckAt = progress.matchIndex;
  if (!stuck) return;
  if (progress.state === "probe") progress.paused = false;
  // Answered by an ack of all it holds, or a rejection.
  else if (progress.nextIndex > s.log.compactedIndex) sendOne(s, m.from, progress, []);
}

/** When a follower's ack is overdue first; Infinity: none is waited for. */
export function ackOverdueAt(s: RaftState): Millis {
  let at = Infinity;
  for (const { retransmit } of s.progress.values()) if (retransmit.at < at) at = retransmit.at;
  return at;
}

/** Asks the followers whose acks are overdue for them, and sends what they turn out to lack. */
export function onAcksOverdue(s: RaftState): void {
  for (const [to, progress] of s.progress) {
    if (s.now < progress.retransmit.at) continue;
    progress.retransmit.again(s.now);
    if (progress.state === "probe") progress.paused = false;
    // Answered by an ack of all it holds, or a rejection: a few bytes, if it was only slow.
    else if (progress.nextIndex > s.log.compactedIndex) sendOne(s, to, progress, []);
  }
}

/** Sends each follower what it lacks, as far as its window allows. Called once a Ready. */
export function replicate(s: RaftState): void {
  const { inflightMessagesMax, inflightBytesMax, appendBytesMax } = s.config;
  const { compactedIndex } = s.log;
  for (const [to, progress] of s.progress) {
    if (progress.nextIndex <= compactedIndex && progress.sending === null) {
      startSnapshot(s, progress);
    }
    if (progress.sending !== null) {
      askForChunks(s, to, progress.sending);
      continue;
    }
    if (progress.state === "probe") {
      if (progress.paused) continue;
      progress.paused = true;
      const batches = s.log.from(progress.nextIndex, appendBytesMax);
      sendOne(s, to, progress, batches);
      const last = batches[batches.length - 1];
      progress.retransmit.sent(last === undefined ? s.log.lastIndex : lastIndexOf(last), s.now);
      continue;
    }
    while (
      progress.nextIndex <= s.log.lastIndex &&
      progress.inflightMessages < inflightMessagesMax &&
      progress.inflightBytes < inflightBytesMax
    ) {
      const batches = s.log.from(progress.nextIndex, appendBytesMax);
      sendOne(s, to, progress, batches);
      let bytes = 0;
      for (const batch of batches) bytes += batch.bytes.length;
      progress.sent(lastIndexOf(batches[batches.length - 1]!), bytes, s.now);
    }
  }
}

/** Tells everyone that we lead, what is committed, and which read round to confirm. */
export function broadcastHeartbeat(s: RaftState): void {
  const { id: from, term, readSeq, quiescent: quiesce } = s;
  const lease = s.config.leaseReads;
  for (const [to, progress] of s.progress) {
    const commitIndex = minIndex(s.log.commitIndex, progress.matchIndex);
    s.messages.push({ kind: "heartbeat", from, to, term, commitIndex, readSeq, quiesce, lease });
  }
}

function sendOne(
  s: RaftState,
  to: AppendEntries["to"],
  progress: Progress,
  batches: readonly EntryBatch[],
): void {
  const prevIndex = plus(progress.nextIndex, -1);
  const prevTerm = asTerm(s.log.termAt(prevIndex));
  if (prevTerm < 0) broken(`append to ${to} after compacted index ${prevIndex}`);
  const { id: from, term } = s;
  const { commitIndex } = s.log;
  s.messages.push({
    kind: "appendEntries",
    from,
    to,
    term,
    prevIndex,
    prevTerm,
    commitIndex,
    batches,
  });
}

/** The leader of our term spoke: follow it, and withhold our vote from others for a while. */
export function hearLeader(s: RaftState, leader: AppendEntries["from"]): void {
  if (s.role === "leader") broken(`two leaders in term ${s.term}: ${s.id} and ${leader}`);
  if (s.role !== "follower" || s.leaderId !== leader) {
    if (s.leaderId !== NO_NODE && s.leaderId !== leader)
      broken(`two leaders in term ${s.term}: ${s.leaderId} and ${leader}`);
    becomeFollower(s, s.term, leader);
  }
  // Not only then: its first word, in a higher term, has made us follow it already.
  settleTransfer(s, leader);
  s.withholdVoteUntil = s.now + s.config.electionTimeoutMinMs;
  resetElectionTimer(s);
}

/** The one place that builds this message, so that every instance has the same object shape. */
function respond(
  s: RaftState,
  to: AppendResponse["to"],
  index: LogIndex,
  rejected: boolean,
  hintIndex: LogIndex,
  hintTerm: AppendResponse["hintTerm"],
): AppendResponse {
  const { id: from, term } = s;
  return { kind: "appendResponse", from, to, term, index, rejected, hintIndex, hintTerm };
}
