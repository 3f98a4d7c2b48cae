import type { NodeId } from "../lib/ids.ts";
import type { Membership } from "./api.ts";

/**
 * The largest value that a quorum has reached, given what each voter has: with voters at 5, 9 and 7
 * it is 7. While a change is joint, both the old and the new voters must have reached it
 * (thesis §4.3), so it is the lesser of the two.
 */
export function quorumValue(membership: Membership, valueOf: (id: NodeId) => number): number {
  const incoming = majorityValue(membership.voters, valueOf);
  if (membership.votersOutgoing.length === 0) return incoming;
  return Math.min(incoming, majorityValue(membership.votersOutgoing, valueOf));
}

/** Whether the voters for which `has` is true are a quorum. */
export const isQuorum = (membership: Membership, has: (id: NodeId) => boolean): boolean =>
  quorumValue(membership, (id) => (has(id) ? 1 : 0)) === 1;

export const isVoter = ({ voters, votersOutgoing }: Membership, id: NodeId): boolean =>
  voters.includes(id) || votersOutgoing.includes(id);

/** Everyone who is sent entries, ascending, so that every run visits them in the same order. */
export function members(membership: Membership): readonly NodeId[] {
  const all = [...membership.voters, ...membership.votersOutgoing, ...membership.learners];
  return [...new Set(all)].sort((a, b) => a - b);
}

/** The largest value that at least floor(n/2) + 1 of the voters have reached. */
function majorityValue(voters: readonly NodeId[], valueOf: (id: NodeId) => number): number {
  const count = voters.length;
  const needed = (count >> 1) + 1;
  let best = -1;
  // At most nine voters: counting beats sorting, and allocates nothing.
  for (let i = 0; i < count; i++) {
    const value = valueOf(voters[i]!);
    if (value <= best) continue;
    let reached = 0;
    for (let k = 0; k < count; k++) if (valueOf(voters[k]!) >= value) reached++;
    if (reached >= needed) best = value;
  }
  return best;
}
