import { plus } from "../lib/ids.ts";
import type { Ready } from "./api.ts";
import { broadcastHeartbeat, replicate } from "./append.ts";
import { lastIndexOf } from "./batch.ts";
import { noteRound } from "./lease.ts";
import { advanceMembership } from "./membership.ts";
import { readRoundIsDue, takeConfirmedReads } from "./propose.ts";
import type { RaftState } from "./state.ts";
import { advanceTransfer } from "./transfer.ts";
import type { EntryBatch } from "./types.ts";

/** Entry bytes handed out as committed in one Ready, so that applying never blocks for long. */
const COMMITTED_BYTES_MAX = 4 << 20;
const NOTHING: readonly never[] = [];

export function takeReady(s: RaftState): Ready | null {
  if (s.role === "leader") leadOn(s);
  const batches = takeUnpersisted(s);
  const hardState = s.hardStateChanged ? { term: s.term, votedFor: s.votedFor } : null;
  const snapshot = s.snapshotChanged ? s.snapshot : null;
  const writes = hardState !== null || batches.length > 0 || snapshot !== null;
  const committed = takeCommitted(s);
  if (!writes && committed.length === 0 && !hasOutput(s)) return null;

  if (writes) {
    s.writeSeq++;
    s.pendingWrites.push({ seq: s.writeSeq, lastIndex: s.log.lastIndex, at: s.now });
  }
  const { role, term, leaderId } = s;
  const ready: Ready = {
    writeSeq: writes ? s.writeSeq : 0,
    hardState,
    batches,
    snapshot,
    snapshotReads: handOut(s.snapshotReads),
    snapshotWrites: handOut(s.snapshotWrites),
    outcomes: handOut(s.outcomes),
    messages: handOut(s.messages),
    messagesAfterPersist: handOut(s.messagesAfterPersist),
    heldUntil: s.writeSeq,
    committed,
    proposed: handOut(s.proposed),
    reads: handOut(s.reads),
    refused: handOut(s.refused),
    softState: s.softStateChanged ? { role, term, leaderId } : null,
  };
  s.hardStateChanged = s.softStateChanged = s.snapshotChanged = false;
  if (s.messages.length > 0) s.messages = [];
  if (s.messagesAfterPersist.length > 0) s.messagesAfterPersist = [];
  if (s.proposed.length > 0) s.proposed = [];
  if (s.reads.length > 0) s.reads = [];
  if (s.refused.length > 0) s.refused = [];
  if (s.snapshotReads.length > 0) s.snapshotReads = [];
  if (s.snapshotWrites.length > 0) s.snapshotWrites = [];
  if (s.outcomes.length > 0) s.outcomes = [];
  return ready;
}

/** A list that is full goes with the Ready; an empty one stays, for there are several Readys a turn. */
const handOut = <T>(list: readonly T[]): readonly T[] => (list.length > 0 ? list : NOTHING);

/** What a leader owes: changes under way, heartbeats, entries and confirmed reads. */
function leadOn(s: RaftState): void {
  const { votersOutgoing, voters } = s.membership;
  if (s.change !== null || votersOutgoing.length > 0 || !voters.includes(s.id)) {
    advanceMembership(s);
    if (s.role !== "leader") return;
  }
  if (s.transfer !== null) advanceTransfer(s);
  if (s.heartbeatDue || readRoundIsDue(s)) {
    s.heartbeatDue = false;
    s.readSeq++;
    noteRound(s);
    broadcastHeartbeat(s);
  }
  replicate(s);
  takeConfirmedReads(s);
}

const hasOutput = (s: RaftState): boolean =>
  s.softStateChanged ||
  s.messages.length +
    s.messagesAfterPersist.length +
    s.proposed.length +
    s.reads.length +
    s.refused.length +
    s.snapshotReads.length +
    s.snapshotWrites.length +
    s.outcomes.length >
    0;

function takeUnpersisted(s: RaftState): readonly EntryBatch[] {
  if (s.persistFrom > s.log.lastIndex) return NOTHING;
  const batches = s.log.from(s.persistFrom, Infinity);
  s.persistFrom = plus(s.log.lastIndex, 1);
  return batches;
}

function takeCommitted(s: RaftState): readonly EntryBatch[] {
  const { commitIndex } = s.log;
  // While the owner replaces its state by a snapshot, nothing may be applied to it.
  if (s.committedTaken >= commitIndex || s.installing !== null) return NOTHING;
  const committed = s.log.from(plus(s.committedTaken, 1), COMMITTED_BYTES_MAX, commitIndex);
  s.committedTaken = lastIndexOf(committed[committed.length - 1]!);
  if (s.role === "leader") {
    for (const { bytes } of committed) s.uncommittedBytes -= bytes.length;
    if (s.uncommittedBytes < 0) s.uncommittedBytes = 0; // Entries of earlier terms were not counted.
  }
  return committed;
}
