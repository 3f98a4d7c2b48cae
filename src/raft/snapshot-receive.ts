import { broken } from "../lib/assert.ts";
import { type LogIndex, maxIndex, minIndex, NO_NODE, plus } from "../lib/ids.ts";
import type { SnapshotMeta } from "./api.ts";
import { acknowledge, hearLeader } from "./append.ts";
import { forgetMembershipsBelow, replaceMemberships } from "./memberships.ts";
import type { RaftState } from "./state.ts";
import type { InstallSnapshot } from "./types.ts";

/** A snapshot of which chunks are arriving. Its leader is the one of `term`. */
export type Incoming = {
  readonly term: number;
  readonly meta: SnapshotMeta;
  readonly totalBytes: number;
  /** Received without a gap. */
  offset: number;
};

/** Follower side of InstallSnapshot (paper §7). raft.ts has already settled the term. */
export function onInstallSnapshot(s: RaftState, m: InstallSnapshot): void {
  hearLeader(s, m.from);
  if (m.lastIndex <= s.log.commitIndex) {
    // We have all of it, and perhaps more: going back to it would take back what we applied.
    s.incoming = null;
    acknowledge(s, m.from, s.log.commitIndex);
    return;
  }
  if (s.installing !== null) {
    // Complete, and in the owner's hands. Another snapshot waits until that one is settled.
    const same = s.installing.lastIndex === m.lastIndex && s.installing.lastTerm === m.lastTerm;
    return respond(s, m.lastIndex, same ? m.totalBytes : 0, false);
  }
  const incoming = incomingOf(s, m);
  if (incoming === null || m.offset !== incoming.offset || m.data.length === 0) {
    // Lost, doubled or overtaken: the leader goes on from what we have.
    return respond(s, m.lastIndex, incoming?.offset ?? 0, false);
  }
  const { meta, totalBytes } = incoming;
  s.snapshotWrites.push({ meta, totalBytes, offset: m.offset, data: m.data });
  incoming.offset += m.data.length;
  if (incoming.offset === totalBytes) {
    s.installing = meta;
    s.incoming = null;
  }
  respond(s, m.lastIndex, m.offset + m.data.length, false);
}

/**
 * What has arrived of the snapshot that `m` is of: nothing yet, if it is of another leader (whose
 * encoding of the same state may differ) or another snapshot; null if it does not begin at 0 then.
 */
function incomingOf(s: RaftState, m: InstallSnapshot): Incoming | null {
  const { incoming } = s;
  const { term, lastIndex, lastTerm, membership, totalBytes } = m;
  const same =
    incoming !== null &&
    incoming.term === term &&
    incoming.meta.lastIndex === lastIndex &&
    incoming.totalBytes === totalBytes;
  if (same) return incoming;
  s.incoming = null;
  if (m.offset !== 0 || m.data.length === 0) return null;
  s.incoming = { term, meta: { lastIndex, lastTerm, membership }, totalBytes, offset: 0 };
  return s.incoming;
}

/**
 * The snapshot is durable and is the owner's state. The log after it is kept only if it agrees with
 * it (paper §7, rule 6): else it is of another history. Meanwhile the entries up to it may have been
 * committed here in the usual way; none was handed out.
 */
export function onSnapshotInstalled(s: RaftState, lastIndex: LogIndex): void {
  const meta = takeInstalling(s, lastIndex);
  const { log } = s;
  if (log.termAt(lastIndex) === meta.lastTerm) {
    log.commitTo(lastIndex);
    log.compactTo(lastIndex);
    forgetMembershipsBelow(s, lastIndex);
  } else {
    log.replaceBy(lastIndex, meta.lastTerm);
    replaceMemberships(s, lastIndex, meta.membership);
    s.durableIndex = lastIndex;
    for (const write of s.pendingWrites) write.lastIndex = minIndex(write.lastIndex, lastIndex);
  }
  s.persistFrom = maxIndex(s.persistFrom, plus(lastIndex, 1));
  s.durableIndex = maxIndex(s.durableIndex, lastIndex);
  s.committedTaken = s.appliedIndex = lastIndex;
  s.snapshot = meta;
  s.snapshotChanged = true;
  respond(s, lastIndex, 0, true);
}

/** Its checksum is wrong, say: the leader must send it again. */
export function onSnapshotRefused(s: RaftState, lastIndex: LogIndex): void {
  takeInstalling(s, lastIndex);
  respond(s, lastIndex, 0, false);
}

function takeInstalling(s: RaftState, lastIndex: LogIndex): SnapshotMeta {
  const { installing } = s;
  if (installing?.lastIndex !== lastIndex) broken(`snapshot ${lastIndex} is not being installed`);
  s.installing = null;
  return installing;
}

/** Only the claim that it is installed promises anything, and so waits for our disk. */
function respond(s: RaftState, lastIndex: LogIndex, offset: number, installed: boolean): void {
  const { id: from, term, leaderId: to } = s;
  if (to === NO_NODE || to === s.id) return;
  const out = installed ? s.messagesAfterPersist : s.messages;
  out.push({ kind: "snapshotResponse", from, to, term, lastIndex, offset, installed });
}
