import { broken } from "../lib/assert.ts";
import type { LogIndex } from "../lib/ids.ts";
import { membershipOf } from "./membership-codec.ts";
import { isVoter, members } from "./quorum.ts";
import { newProgress, type RaftState } from "./state.ts";
import { type EntryBatch, ENTRY_MEMBERSHIP, type Membership } from "./types.ts";

/**
 * Which membership holds from which index on. A membership takes effect when its entry is appended,
 * committed or not (thesis §4.1): a replica that waited for the commit would count the wrong quorum
 * for that very commit. If the entry is cut off again, the one before it returns.
 */

/** Takes over the memberships among new entries, from `first` on. One comparison per batch. */
export function noteMemberships(
  s: RaftState,
  batches: readonly EntryBatch[],
  first: LogIndex,
): void {
  let changed = false;
  while (s.memberships.length > 1 && s.memberships.at(-1)!.index >= first) {
    s.memberships.pop();
    changed = true;
  }
  for (const batch of batches) {
    if (batch.kind !== ENTRY_MEMBERSHIP || batch.firstIndex < first) continue;
    s.memberships.push({ index: batch.firstIndex, membership: membershipOf(batch) });
    changed = true;
  }
  if (changed) takeEffect(s);
}

/** The membership as of the entry at `index`, which is not below the newest snapshot. */
export function membershipAt(s: RaftState, index: LogIndex): Membership {
  const found = s.memberships.findLast((entry) => entry.index <= index);
  if (found === undefined) broken(`membership as of ${index} is compacted away`);
  return found.membership;
}

/** Index of the entry that holds the current membership; at most the snapshot's when it has none. */
export const membershipIndex = (s: RaftState): LogIndex => s.memberships.at(-1)!.index;

/**
 * Whether we are a voter, or were one until an entry that is not known to be committed. Such a server
 * must campaign still: it may be the only one with a log that the others accept, while they, who do
 * not have that entry yet, need its vote (thesis §4.2.2). Its own vote does not count.
 */
export function mayBeVoter(s: RaftState): boolean {
  for (let i = s.memberships.length - 1; i >= 0; i--) {
    const { index, membership } = s.memberships[i]!;
    if (isVoter(membership, s.id)) return true;
    if (index <= s.log.commitIndex) return false;
  }
  return false;
}

/** Forgets which memberships held before `index`. */
export function forgetMembershipsBelow(s: RaftState, index: LogIndex): void {
  while (s.memberships.length > 1 && s.memberships[1]!.index <= index) s.memberships.shift();
}

/** Starts over with the membership of a snapshot that replaced the whole log. */
export function replaceMemberships(s: RaftState, index: LogIndex, membership: Membership): void {
  s.memberships.length = 0;
  s.memberships.push({ index, membership });
  takeEffect(s);
}

function takeEffect(s: RaftState): void {
  s.membership = s.memberships.at(-1)!.membership;
  if (s.role === "leader") followMembership(s);
}

/**
 * Leader: replicates to the members, and for a while to those who just left, so that they learn of
 * it and do not campaign. Progress stays in ascending order of ids.
 */
function followMembership(s: RaftState): void {
  const ids = members(s.membership);
  const leaveAt = s.now + 2 * s.config.electionTimeoutMinMs;
  for (const [id, progress] of s.progress) {
    progress.leaveAt = ids.includes(id) ? Infinity : Math.min(progress.leaveAt, leaveAt);
  }
  for (const id of ids) {
    if (id === s.id || s.progress.has(id)) continue;
    s.progress.set(id, newProgress(s));
  }
  const sorted = [...s.progress].sort(([a], [b]) => a - b);
  s.progress.clear();
  for (const [id, progress] of sorted) s.progress.set(id, progress);
}
