import { unreachable } from "../lib/assert.ts";
import { type LogIndex, maxIndex, minIndex, plus } from "../lib/ids.ts";
import type { RaftDetails } from "./api.ts";
import { lastIndexOf } from "./batch.ts";
import type { RaftState } from "./state.ts";
import type { EntryBatch, Message } from "./types.ts";

/** One line per message, for golden tests and traces: `1→2 append term=6 prev=9@5 commit=0 [10@6]`. */
export function describeMessage(m: Message): string {
  const head = `${m.from}→${m.to}`;
  switch (m.kind) {
    case "voteRequest":
      return `${head} ${m.pre ? "pre-vote?" : "vote?"}${m.transfer ? " transfer" : ""} term=${m.term} last=${m.lastIndex}@${m.lastTerm}`;
    case "voteResponse":
      return `${head} ${m.pre ? "pre-vote" : "vote"} ${m.granted ? "granted" : "refused"} term=${m.term}`;
    case "appendEntries": {
      const batches = m.batches.map(describeBatch).join(" ");
      return `${head} append term=${m.term} prev=${m.prevIndex}@${m.prevTerm} commit=${m.commitIndex} [${batches}]`;
    }
    case "appendResponse":
      return m.rejected
        ? `${head} reject term=${m.term} prev=${m.index} hint=${m.hintIndex}@${m.hintTerm}`
        : `${head} ack term=${m.term} index=${m.index}`;
    case "heartbeat":
      return `${head} heartbeat term=${m.term} commit=${m.commitIndex} read=${m.readSeq}${m.quiesce ? " quiesce" : ""}`;
    case "heartbeatResponse":
      return `${head} alive term=${m.term} read=${m.readSeq}`;
    case "installSnapshot":
      return `${head} snapshot term=${m.term} last=${m.lastIndex}@${m.lastTerm} bytes=${m.offset}-${m.offset + m.data.length}/${m.totalBytes}`;
    case "snapshotResponse":
      return m.installed
        ? `${head} installed term=${m.term} last=${m.lastIndex}`
        : `${head} received term=${m.term} last=${m.lastIndex} offset=${m.offset}`;
    case "timeoutNow":
      return `${head} timeout-now term=${m.term}`;
    default:
      return unreachable(m);
  }
}

/** `7@3`, or `7-9@3` for a batch of three. */
function describeBatch(batch: EntryBatch): string {
  const last = batch.count === 1 ? "" : `-${lastIndexOf(batch)}`;
  return `${batch.firstIndex}${last}@${batch.term}`;
}

/** Part of the log; what is compacted away, or not there yet, is left out. */
export function entriesOf(
  { log }: RaftState,
  first: LogIndex,
  last: LogIndex,
  bytesMax: number,
): readonly EntryBatch[] {
  const from = maxIndex(first, plus(log.compactedIndex, 1));
  return log.from(from, bytesMax, minIndex(last, log.lastIndex));
}

/** A copy of what is no part of RaftStatus. */
export function detailsOf({ votedFor, uncommittedBytes, log, progress }: RaftState): RaftDetails {
  const followers = [...progress]
    .map(([id, { state, matchIndex, nextIndex, inflightMessages, inflightBytes }]) => {
      return { id, state, matchIndex, nextIndex, inflightMessages, inflightBytes };
    })
    .sort((a, b) => a.id - b.id);
  return { votedFor, uncommittedBytes, compactedIndex: log.compactedIndex, followers };
}
