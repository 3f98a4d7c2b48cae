import { plus } from "../lib/ids.ts";
import type { Ready } from "./api.ts";
import { broadcastHeartbeat, replicate } from "./append.ts";
import { lastIndexOf } from "./batch.ts";
import { beginReadRound, takeConfirmedReads } from "./propose.ts";
import type { RaftState } from "./state.ts";
import type { EntryBatch } from "./types.ts";

/** Entry bytes handed out as committed in one Ready, so that applying never blocks for long. */
const COMMITTED_BYTES_MAX = 4 << 20;
const NOTHING: readonly never[] = [];

export function takeReady(s: RaftState): Ready | null {
  if (s.role === "leader") {
    if (s.heartbeatDue) {
      s.heartbeatDue = false;
      beginReadRound(s);
      broadcastHeartbeat(s);
    }
    replicate(s);
    takeConfirmedReads(s);
  }
  const batches = takeUnpersisted(s);
  const hardState = s.hardStateChanged ? { term: s.term, votedFor: s.votedFor } : null;
  const writes = hardState !== null || batches.length > 0;
  const committed = takeCommitted(s);
  if (!writes && committed.length === 0 && !hasOutput(s)) return null;

  if (writes) {
    s.writeSeq++;
    s.pendingWrites.push({ seq: s.writeSeq, lastIndex: s.log.lastIndex });
  }
  const { role, term, leaderId } = s;
  const ready: Ready = {
    writeSeq: writes ? s.writeSeq : 0,
    hardState,
    batches,
    snapshot: null,
    snapshotReads: NOTHING,
    snapshotWrites: NOTHING,
    outcomes: NOTHING,
    messages: s.messages,
    messagesAfterPersist: s.messagesAfterPersist,
    heldUntil: s.writeSeq,
    committed,
    proposed: s.proposed,
    reads: s.reads,
    refused: s.refused,
    softState: s.softStateChanged ? { role, term, leaderId } : null,
  };
  s.hardStateChanged = s.softStateChanged = false;
  s.messages = [];
  s.messagesAfterPersist = [];
  s.proposed = [];
  s.reads = [];
  s.refused = [];
  return ready;
}

const hasOutput = (s: RaftState): boolean =>
  s.softStateChanged ||
  s.messages.length +
    s.messagesAfterPersist.length +
    s.proposed.length +
    s.reads.length +
    s.refused.length >
    0;

function takeUnpersisted(s: RaftState): readonly EntryBatch[] {
  if (s.persistFrom > s.log.lastIndex) return NOTHING;
  const batches = s.log.from(s.persistFrom, Infinity);
  s.persistFrom = plus(s.log.lastIndex, 1);
  return batches;
}

function takeCommitted(s: RaftState): readonly EntryBatch[] {
  const { commitIndex } = s.log;
  if (s.committedTaken >= commitIndex) return NOTHING;
  const committed = s.log.from(plus(s.committedTaken, 1), COMMITTED_BYTES_MAX, commitIndex);
  s.committedTaken = lastIndexOf(committed[committed.length - 1]!);
  if (s.role === "leader") {
    for (const { bytes } of committed) s.uncommittedBytes -= bytes.length;
    if (s.uncommittedBytes < 0) s.uncommittedBytes = 0; // Entries of earlier terms were not counted.
  }
  return committed;
}
