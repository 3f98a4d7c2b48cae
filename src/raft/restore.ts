import { broken } from "../lib/assert.ts";
import { asIndex, type LogIndex, NO_NODE, plus } from "../lib/ids.ts";
import type { Millis, RaftConfig, SnapshotMeta } from "./api.ts";
import { lastIndexOf } from "./batch.ts";
import { noteMemberships, replaceMemberships } from "./memberships.ts";
import { RaftState, resetElectionTimer } from "./state.ts";
import type { EntryBatch } from "./types.ts";

/** The state a replica starts from. Apart from createRaft so that tests can look inside. */
export function restore(config: RaftConfig, now: Millis): RaftState {
  const s = new RaftState(config);
  s.now = now;
  const { restored } = config;
  if (restored !== null) {
    s.term = restored.hardState.term;
    s.votedFor = restored.hardState.votedFor;
    if (restored.snapshot !== null) startAfter(s, restored.snapshot);
    const batches = batchesAfter(restored.snapshot, restored.batches);
    const first = batches[0];
    if (first !== undefined) {
      const firstNew = s.log.append(plus(first.firstIndex, -1), batches);
      if (firstNew > 0) noteMemberships(s, batches, firstNew);
    }
    // Storage must forget what we dropped before it gets what follows the snapshot.
    s.snapshotChanged = s.snapshot !== null && s.log.lastIndex === s.snapshot.lastIndex;
    s.durableIndex = s.log.lastIndex;
    s.persistFrom = plus(s.log.lastIndex, 1);
    if (s.log.lastTerm > s.term) broken(`log of term ${s.log.lastTerm}, hard state of ${s.term}`);
    // Before the crash we may have answered a heartbeat, on which a lease may rest (lease.ts).
    if (s.term > 0) s.leasePromisedUntil = now + config.electionTimeoutMinMs;
  }
  resetElectionTimer(s);
  return s;
}

const NOTHING: readonly EntryBatch[] = [];

/** The owner has restored its state from this snapshot; the log begins after it. */
function startAfter(s: RaftState, snapshot: SnapshotMeta): void {
  const { lastIndex, lastTerm, membership } = snapshot;
  s.snapshot = snapshot;
  s.log.replaceBy(lastIndex, lastTerm);
  replaceMemberships(s, lastIndex, membership);
  s.committedTaken = s.appliedIndex = lastIndex;
  if (lastTerm > s.term) {
    // The snapshot got to the disk before the hard state did. We cannot have voted in that term: a
    // vote leaves once it is durable.
    s.term = lastTerm;
    s.votedFor = NO_NODE;
    s.hardStateChanged = true;
  }
}

/**
 * The stored entries, when they belong to the snapshot: they continue it, or hold its last entry.
 * Otherwise a leader's snapshot replaced them, or our own overtook the writes of its entries, and
 * we crashed before storage heard of it.
 */
function batchesAfter(
  snapshot: SnapshotMeta | null,
  batches: readonly EntryBatch[],
): readonly EntryBatch[] {
  const index: LogIndex = snapshot?.lastIndex ?? asIndex(0);
  const first = batches[0];
  if (first === undefined) return batches;
  if (first.firstIndex > index + 1) broken(`entries begin at ${first.firstIndex}, after ${index}`);
  if (snapshot === null || first.firstIndex === index + 1) return batches;
  const holder = batches.find((b) => b.firstIndex <= index && index <= lastIndexOf(b));
  return holder?.term === snapshot.lastTerm ? batches : NOTHING;
}
