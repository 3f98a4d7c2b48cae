import { asIndex } from "../lib/ids.ts";
import { quorumValue } from "./quorum.ts";
import type { RaftState } from "./state.ts";

/**
 * Leader: commits what a quorum holds durably, if it is of our own term; entries of earlier terms
 * are then committed with it (paper §5.4.2, Figure 8). Our own copy counts once it is on our own
 * disk, so a quorum of followers may commit what our disk does not hold yet (thesis §10.2.1).
 */
export function maybeCommit(s: RaftState): void {
  const reached = quorumValue(s.membership, (id) =>
    id === s.id ? s.durableIndex : s.progress.get(id)!.matchIndex,
  );
  const index = asIndex(reached);
  if (index > s.log.commitIndex && s.log.termAt(index) === s.term) s.log.commitTo(index);
}
