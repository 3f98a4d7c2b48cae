import { asIndex, asTerm, type LogIndex, type NodeId, plus, type Term } from "../lib/ids.ts";
import { unreachable } from "../lib/assert.ts";
import { ENTRY_HEADER_BYTES, entriesProblem } from "../raft/batch.ts";
import { decodeMembership, encodeMembership, membershipProblem } from "../raft/membership-codec.ts";
import {
  type AppendEntries,
  type AppendResponse,
  type EntryBatch,
  type EntryKind,
  ENTRY_MEMBERSHIP,
  type InstallSnapshot,
  type Message,
  type SnapshotResponse,
} from "../raft/types.ts";
import { ByteReader, type ByteWriter, WireError } from "./bytes.ts";
import { beginFrame, endFrame, type Frame } from "./frame.ts";
import { KIND } from "./kinds.ts";

/**
 * Bodies of the Raft messages, version 1; little-endian. `from` and `to` are not sent: the
 * handshake has settled who is at either end.
 *
 *   voteRequest        u53 term · u8 flags (bit 0: pre, bit 1: transfer) · u53 lastIndex · u53 lastTerm
 *   voteResponse       u53 term · u8 flags (bit 0: pre, bit 1: granted)
 *   appendEntries      u53 term · u53 prevIndex · u53 prevTerm · u53 commitIndex · u32 batches, each:
 *                      u53 term · u8 kind · u32 count · u32 bytes · count × (u32 length · payload)
 *   appendResponse     u53 term · u53 index · u8 flags (bit 0: rejected) · u53 hintIndex · u53 hintTerm
 *   heartbeat          u53 term · u53 commitIndex · u53 readSeq · u8 flags (bit 0: quiesce, bit 1: lease)
 *   heartbeatResponse  u53 term · u53 readSeq
 *   installSnapshot    u53 term · u53 lastIndex · u53 lastTerm · u53 totalBytes · u53 offset ·
 *                      u32 length · membership · u32 length · data
 *   snapshotResponse   u53 term · u53 lastIndex · u53 offset · u8 flags (bit 0: installed)
 *   timeoutNow         u53 term
 */
const PRE = 1;
const TRANSFER = 2;
const GRANTED = 2;
const REJECTED = 1;
const INSTALLED = 1;
const QUIESCE = 1;
const LEASE = 2;

/** Appends `message` as one whole frame. An entry's bytes are copied, never encoded again. */
export function writeMessage(w: ByteWriter, m: Message, group: number): void {
  const start = beginFrame(w, KIND[m.kind], group);
  w.u53(m.term);
  switch (m.kind) {
    case "voteRequest":
      w.u8((m.pre ? PRE : 0) | (m.transfer ? TRANSFER : 0));
      w.u53(m.lastIndex);
      w.u53(m.lastTerm);
      break;
    case "voteResponse":
      w.u8((m.pre ? PRE : 0) | (m.granted ? GRANTED : 0));
      break;
    case "appendEntries":
      writeAppend(w, m);
      break;
    case "appendResponse":
      w.u53(m.index);
      w.u8(m.rejected ? REJECTED : 0);
      w.u53(m.hintIndex);
      w.u53(m.hintTerm);
      break;
    case "heartbeat":
      w.u53(m.commitIndex);
      w.u53(m.readSeq);
      w.u8((m.quiesce ? QUIESCE : 0) | (m.lease ? LEASE : 0));
      break;
    case "heartbeatResponse":
      w.u53(m.readSeq);
      break;
    case "installSnapshot":
      writeSnapshot(w, m);
      break;
    case "snapshotResponse":
      w.u53(m.lastIndex);
      w.u53(m.offset);
      w.u8(m.installed ? INSTALLED : 0);
      break;
    case "timeoutNow":
      break;
    default:
      unreachable(m);
  }
  endFrame(w, start);
}

/**
 * Decodes a frame that `from` sent to `to`, and checks all that the core asserts of a message.
 * Batches are views of the frame's body. Throws WireError on bad bytes.
 */
export function readMessage(frame: Frame, to: NodeId, from: NodeId): Message {
  const r = new ByteReader(frame.body);
  const term = asTerm(r.u53("term"));
  if (term === 0) throw new WireError("term: is 0");
  const message = readBody(frame.kind, r, from, to, term);
  r.end();
  return message;
}

function readBody(kind: number, r: ByteReader, from: NodeId, to: NodeId, term: Term): Message {
  switch (kind) {
    case KIND.voteRequest: {
      const bits = flags(r, PRE | TRANSFER);
      const pre = (bits & PRE) !== 0;
      const transfer = (bits & TRANSFER) !== 0;
      const lastIndex = asIndex(r.u53("lastIndex"));
      const lastTerm = asTerm(r.u53("lastTerm"));
      if (lastTerm >= term) throw new WireError(`lastTerm: ${lastTerm} >= ${term}`);
      return { kind: "voteRequest", from, to, term, pre, transfer, lastIndex, lastTerm };
    }
    case KIND.voteResponse: {
      const bits = flags(r, PRE | GRANTED);
      const pre = (bits & PRE) !== 0;
      return { kind: "voteResponse", from, to, term, pre, granted: (bits & GRANTED) !== 0 };
    }
    case KIND.appendEntries:
      return readAppend(r, from, to, term);
    case KIND.appendResponse:
      return readAppendResponse(r, from, to, term);
    case KIND.heartbeat: {
      const commitIndex = asIndex(r.u53("commitIndex"));
      const readSeq = r.u53("readSeq");
      const bits = flags(r, QUIESCE | LEASE);
      const quiesce = (bits & QUIESCE) !== 0;
      const lease = (bits & LEASE) !== 0;
      return { kind: "heartbeat", from, to, term, commitIndex, readSeq, quiesce, lease };
    }
    case KIND.heartbeatResponse:
      return { kind: "heartbeatResponse", from, to, term, readSeq: r.u53("readSeq") };
    case KIND.installSnapshot:
      return readSnapshot(r, from, to, term);
    case KIND.snapshotResponse:
      return readSnapshotResponse(r, from, to, term);
    case KIND.timeoutNow:
      return { kind: "timeoutNow", from, to, term };
    default:
      throw new WireError(`kind ${kind} is not a Raft message`);
  }
}

function writeAppend(w: ByteWriter, m: AppendEntries): void {
  w.u53(m.prevIndex);
  w.u53(m.prevTerm);
  w.u53(m.commitIndex);
  w.u32(m.batches.length);
  for (const batch of m.batches) {
    w.u53(batch.term);
    w.u8(batch.kind);
    w.u32(batch.count);
    w.u32(batch.bytes.length);
    w.bytes(batch.bytes);
  }
}

function readAppend(r: ByteReader, from: NodeId, to: NodeId, term: Term): AppendEntries {
  const prevIndex = asIndex(r.u53("prevIndex"));
  const prevTerm = asTerm(r.u53("prevTerm"));
  const commitIndex = asIndex(r.u53("commitIndex"));
  if (prevTerm > term) throw new WireError(`prevTerm: ${prevTerm} > ${term}`);
  if ((prevIndex === 0) !== (prevTerm === 0)) throw new WireError(`prev: ${prevIndex}@${prevTerm}`);
  const batchCount = r.u32("batches");
  const batches: EntryBatch[] = [];
  let firstIndex: LogIndex = plus(prevIndex, 1);
  let termBefore = prevTerm;
  for (let i = 0; i < batchCount; i++) {
    const batch = readBatch(r, firstIndex);
    if (batch.term < termBefore || batch.term > term) {
      throw new WireError(`batch term: ${batch.term} after ${termBefore} in term ${term}`);
    }
    batches.push(batch);
    firstIndex = plus(firstIndex, batch.count);
    termBefore = batch.term;
  }
  return { kind: "appendEntries", from, to, term, prevIndex, prevTerm, commitIndex, batches };
}

function readBatch(r: ByteReader, firstIndex: LogIndex): EntryBatch {
  const term = asTerm(r.u53("batch term"));
  const kind = r.u8("batch kind");
  const count = r.u32("batch count");
  const bytes = r.bytes(r.u32("batch bytes"), "batch");
  if (kind > ENTRY_MEMBERSHIP) throw new WireError(`batch kind: ${kind}`);
  if (count === 0 || (kind !== 0 && count !== 1)) throw new WireError(`batch count: ${count}`);
  const problem = entriesProblem(bytes, count);
  if (problem !== null) throw new WireError(problem);
  if (kind === ENTRY_MEMBERSHIP) checkMembership(bytes.subarray(ENTRY_HEADER_BYTES));
  return { firstIndex, term, kind: kind as EntryKind, count, bytes };
}

function readAppendResponse(r: ByteReader, from: NodeId, to: NodeId, term: Term): AppendResponse {
  const index = asIndex(r.u53("index"));
  const rejected = flags(r, REJECTED) !== 0;
  const hintIndex = asIndex(r.u53("hintIndex"));
  const hintTerm = asTerm(r.u53("hintTerm"));
  if (hintIndex > (rejected ? index : 0)) throw new WireError(`hintIndex: ${hintIndex} > ${index}`);
  if (hintTerm > (rejected ? term : 0)) throw new WireError(`hintTerm: ${hintTerm} > ${term}`);
  return { kind: "appendResponse", from, to, term, index, rejected, hintIndex, hintTerm };
}

function writeSnapshot(w: ByteWriter, m: InstallSnapshot): void {
  w.u53(m.lastIndex);
  w.u53(m.lastTerm);
  w.u53(m.totalBytes);
  w.u53(m.offset);
  const membership = encodeMembership(m.membership);
  w.u32(membership.length);
  w.bytes(membership);
  w.u32(m.data.length);
  w.bytes(m.data);
}

function readSnapshot(r: ByteReader, from: NodeId, to: NodeId, term: Term): InstallSnapshot {
  const lastIndex = asIndex(r.u53("lastIndex"));
  const lastTerm = asTerm(r.u53("lastTerm"));
  const totalBytes = r.u53("totalBytes");
  const offset = r.u53("offset");
  const encoded = r.bytes(r.u32("membership bytes"), "membership");
  const data = r.bytes(r.u32("data bytes"), "data");
  if (lastTerm > term) throw new WireError(`lastTerm: ${lastTerm} > ${term}`);
  if (lastIndex === 0 || lastTerm === 0) throw new WireError(`last: ${lastIndex}@${lastTerm}`);
  if (offset + data.length > totalBytes) {
    throw new WireError(`data: ends at ${offset + data.length} of ${totalBytes}`);
  }
  checkMembership(encoded);
  const membership = decodeMembership(encoded);
  const head = { kind: "installSnapshot", from, to, term, lastIndex, lastTerm } as const;
  return { ...head, membership, totalBytes, offset, data };
}

function readSnapshotResponse(
  r: ByteReader,
  from: NodeId,
  to: NodeId,
  term: Term,
): SnapshotResponse {
  const lastIndex = asIndex(r.u53("lastIndex"));
  const offset = r.u53("offset");
  const installed = flags(r, INSTALLED) !== 0;
  return { kind: "snapshotResponse", from, to, term, lastIndex, offset, installed };
}

function checkMembership(bytes: Uint8Array): void {
  const problem = membershipProblem(bytes);
  if (problem !== null) throw new WireError(problem);
}

function flags(r: ByteReader, known: number): number {
  const bits = r.u8("flags");
  if ((bits & ~known) !== 0) throw new WireError(`flags: unknown bits 0b${bits.toString(2)}`);
  return bits;
}
