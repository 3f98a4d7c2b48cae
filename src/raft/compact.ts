import { broken } from "../lib/assert.ts";
import { asTerm, type LogIndex, maxIndex, minIndex } from "../lib/ids.ts";
import type { SnapshotMeta } from "./api.ts";
import { forgetMembershipsBelow, membershipAt } from "./memberships.ts";
import type { RaftState } from "./state.ts";

/** How many times trailingBytes may stay for a follower that is catching up. */
const NEEDED_FACTOR = 6;

/** What a snapshot of the applied state stands for. */
export const appliedMeta = (s: RaftState): SnapshotMeta => metaAt(s, s.appliedIndex);

const metaAt = (s: RaftState, lastIndex: LogIndex): SnapshotMeta => ({
  lastIndex,
  lastTerm: asTerm(s.log.termAt(lastIndex)),
  membership: membershipAt(s, lastIndex),
});

/** A snapshot of our own state is durable: the log below it may go (paper §7). */
export function onSnapshotTaken(s: RaftState, lastIndex: LogIndex): void {
  // A leader's newer snapshot was installed while this one was written.
  if (s.snapshot !== null && lastIndex <= s.snapshot.lastIndex) return;
  if (lastIndex <= 0 || lastIndex > s.appliedIndex) broken(`snapshot ${lastIndex} is not applied`);
  s.snapshot = metaAt(s, lastIndex);
  s.snapshotChanged = true;
  s.durableIndex = maxIndex(s.durableIndex, lastIndex);
  const { trailingBytes } = s.config;
  const needed = neededIndex(s, lastIndex);
  const { log } = s;
  log.compactTo(
    log.compactionIndex(lastIndex, trailingBytes, needed, NEEDED_FACTOR * trailingBytes),
  );
  forgetMembershipsBelow(s, lastIndex);
}

/**
 * Leader: what a follower that answers will need next. Compacting it away, while the follower
 * receives the snapshot before, would send it from one snapshot to the next without end.
 */
function neededIndex(s: RaftState, lastIndex: LogIndex): LogIndex {
  let needed = lastIndex;
  const since = s.now - 2 * s.config.electionTimeoutMinMs;
  for (const { activeAt, sending, matchIndex } of s.progress.values()) {
    if (activeAt >= since) needed = minIndex(needed, sending?.meta.lastIndex ?? matchIndex);
  }
  return needed;
}
