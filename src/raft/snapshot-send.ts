import { asTerm, type NodeId } from "../lib/ids.ts";
import { broken } from "../lib/assert.ts";
import type { Millis, RaftInput, SnapshotMeta } from "./api.ts";
import { maybeCommit } from "./commit.ts";
import type { Progress } from "./progress.ts";
import type { RaftState } from "./state.ts";
import type { SnapshotResponse } from "./types.ts";

/**
 * A snapshot on its way to a follower whose next entry is compacted away (paper §7). The leader
 * keeps no chunk: it asks its owner for them (Ready.snapshotReads) as the follower's acks open the
 * window, so that a transfer of any size costs snapshotInflightBytesMax of memory.
 */
export type SnapshotSend = {
  /** Fixed for the transfer: restarting for each newer snapshot might never end (NuRaft#118). */
  meta: SnapshotMeta;
  /** -1 until the first chunk is read. */
  totalBytes: number;
  /** What the follower has without a gap, and what was asked for: 0 <= acked <= asked. */
  acked: number;
  asked: number;
  /** The offset that the follower named last. */
  reported: number;
  /** When and where a lost chunk was last sent again. */
  rewoundAt: Millis;
  rewoundTo: number;
  /** When to look whether it is stuck, `acked` when we last looked, and how often it was. */
  checkAt: Millis;
  ackedAtCheck: number;
  misses: number;
  /** How often the follower lost all it had: it crashed, or the snapshot was no good. */
  restarts: number;
};

/** Doublings of the patience with a follower that lost all it had. */
const RESTARTS_MAX = 3;
/**
 * The same where chunks or answers were lost. Few: the follower answers heartbeats, so the next try
 * is likely to do, and a network that loses 1 message in 5 must not make it wait for seconds.
 */
const MISSES_MAX = 1;

/** Begins to send our newest snapshot. Chunks leave in `askForChunks`. */
export function startSnapshot(s: RaftState, progress: Progress): void {
  if (s.snapshot === null) broken(`compacted to ${s.log.compactedIndex} without a snapshot`);
  const send = {
    meta: s.snapshot,
    ...{ totalBytes: -1, acked: 0, asked: 0, reported: 0, rewoundAt: -Infinity, rewoundTo: -1 },
    ...{ checkAt: s.now + patience(s, 0), ackedAtCheck: 0, misses: 0, restarts: 0 },
  };
  progress.sendSnapshot(send);
}

/** Asks the owner for the chunks that the window has room for. Called once a Ready. */
export function askForChunks(s: RaftState, to: NodeId, send: SnapshotSend): void {
  const { snapshotChunkBytes, snapshotInflightBytesMax } = s.config;
  // Of a snapshot of unknown size the first chunk alone.
  const end = send.totalBytes < 0 ? 1 : send.totalBytes;
  while (send.asked < end) {
    const room = snapshotInflightBytesMax - (send.asked - send.acked);
    const bytesMax = Math.min(snapshotChunkBytes, room);
    if (bytesMax <= 0) return;
    s.snapshotReads.push({ to, lastIndex: send.meta.lastIndex, offset: send.asked, bytesMax });
    send.asked += bytesMax;
  }
}

/** Sends a chunk that the owner has read. */
export function onSnapshotRead(
  s: RaftState,
  { to, lastIndex, offset, totalBytes, data }: Extract<RaftInput, { kind: "snapshotRead" }>,
): void {
  const send = s.progress.get(to)?.sending ?? null;
  if (s.role !== "leader" || send === null || send.meta.lastIndex !== lastIndex) return;
  if (totalBytes === 0) {
    // The file is gone. If no newer one is known yet, the next look whether it is stuck finds it.
    if (s.snapshot !== null && s.snapshot.lastIndex > lastIndex) restart(send, s.snapshot);
    return;
  }
  send.totalBytes = totalBytes;
  send.asked = Math.min(send.asked, totalBytes);
  // Read before a rewind: it will be asked for again.
  if (offset < send.acked || offset + data.length > send.asked) return;
  sendChunk(s, to, send, offset, data);
}

/** The follower tells how far it is, or that the snapshot is its state now. */
export function onSnapshotResponse(s: RaftState, m: SnapshotResponse): void {
  if (s.role !== "leader") return;
  const progress = s.progress.get(m.from);
  if (progress === undefined) return;
  progress.activeAt = s.now;
  if (m.installed) {
    if (m.lastIndex > s.log.lastIndex) broken(`installed ${m.lastIndex} beyond ${s.log.lastIndex}`);
    if (progress.advance(m.lastIndex, s.now)) maybeCommit(s);
    return;
  }
  const send = progress.sending;
  if (send === null || send.meta.lastIndex !== m.lastIndex) return;
  if (m.offset > Math.max(send.asked, send.totalBytes)) return;
  send.reported = m.offset;
  if (m.offset > send.acked) {
    send.acked = m.offset;
    // It may have more than we know: from before we went back to where an old answer was.
    if (m.offset > send.asked) send.asked = m.offset;
    send.misses = 0;
  } else if (m.offset === send.acked && send.asked > send.acked) {
    // It names the same offset twice: what it lacks was lost, what came after it is dropped there.
    const again = send.rewoundTo === m.offset;
    if (again && s.now - send.rewoundAt < s.config.heartbeatIntervalMs) return;
    send.rewoundTo = m.offset;
    send.rewoundAt = s.now;
    send.asked = m.offset;
  }
}

/**
 * The follower is alive. If it has not moved for a while, the chunks, their answers or its part of
 * the snapshot were lost: go back to where it last said it was. One that has everything is
 * installing, which may take long, or has lost it: ask which, by a chunk without data.
 */
export function checkSnapshot(s: RaftState, to: NodeId, send: SnapshotSend): void {
  if (s.now < send.checkAt) return;
  if (send.reported === send.totalBytes) {
    sendChunk(s, to, send, send.totalBytes, new Uint8Array(0));
  } else if (send.acked === send.ackedAtCheck) {
    if (send.misses < MISSES_MAX) send.misses++;
    if (send.reported === 0 && send.acked > 0) restart(send, s.snapshot ?? send.meta);
    else send.acked = send.asked = send.reported;
  }
  send.ackedAtCheck = send.acked;
  send.checkAt = s.now + patience(s, Math.max(send.misses, send.restarts));
}

/** Sends all of it again, or all of a newer one. */
function restart(send: SnapshotSend, meta: SnapshotMeta): void {
  send.meta = meta;
  send.totalBytes = -1;
  send.acked = send.asked = send.reported = 0;
  send.rewoundTo = -1;
  if (send.restarts < RESTARTS_MAX) send.restarts++;
}

const patience = (s: RaftState, doublings: number): Millis =>
  2 * s.config.electionTimeoutMinMs * 2 ** doublings;

function sendChunk(
  s: RaftState,
  to: NodeId,
  { meta, totalBytes }: SnapshotSend,
  offset: number,
  data: Uint8Array,
): void {
  const { id: from, term } = s;
  const { lastIndex, lastTerm, membership } = meta;
  const head = { kind: "installSnapshot", from, to, term, lastIndex } as const;
  s.messages.push({ ...head, lastTerm: asTerm(lastTerm), membership, totalBytes, offset, data });
}
