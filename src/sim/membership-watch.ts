import type { RaftStatus } from "../raft/api.ts";
import { membershipOf } from "../raft/membership-codec.ts";
import { type EntryBatch, ENTRY_MEMBERSHIP, type Membership } from "../raft/types.ts";
import type { Marks } from "./log-view.ts";
import { violated } from "./violation.ts";
import type { Watched } from "./watched.ts";

type Held = { readonly index: number; readonly membership: Membership };

/**
 * CFG, of each node alone: the membership in effect is the newest one in its log, committed or not
 * (thesis §4.1), and only a voter campaigns, or one that was a voter until an entry that it does not
 * know to be committed (§4.2.2).
 */
export class MembershipWatch {
  /** By index, ascending; then by the prefix hash, which tells the logs apart that had one there. */
  readonly #seen: { readonly index: number; readonly byHash: Map<number, Membership> }[] = [];
  /** The committed log, as prefix hashes by index. */
  readonly #committed: readonly number[];

  /** Nodes with a membership entry that they were not seen to go by yet. */
  readonly #changed = new Set<number>();

  constructor(committed: readonly number[]) {
    this.#committed = committed;
  }

  /** New entries, and what they are in the log that they were written to. */
  onWrite(id: number, batches: readonly EntryBatch[], { firstIndex, hashes }: Marks): void {
    for (const batch of batches) {
      if (batch.kind !== ENTRY_MEMBERSHIP) continue;
      this.#at(batch.firstIndex).set(hashes[batch.firstIndex - firstIndex]!, membershipOf(batch));
      this.#changed.add(id);
    }
  }

  onTurn(node: Watched, s: RaftStatus): void {
    const { id } = node;
    const isCandidate = s.role === "preCandidate" || s.role === "candidate";
    const hasChanged = this.#changed.delete(id) || s.membership !== node.membership;
    if (!isCandidate && !hasChanged) return;
    let newest = true;
    for (const { index, membership } of this.#heldBy(node, s)) {
      if (newest) this.#checkEffect(node, s, membership);
      newest = false;
      if (!isCandidate || isVoter(membership, id)) return;
      if (index > s.commitIndex) continue;
      violated("CFG", `node ${id} campaigns, no voter of ${describe(membership)}`);
    }
    // Its log has none: the membership is the one that all began with.
    if (newest && isCandidate && !isVoter(s.membership, id)) {
      violated("CFG", `node ${id} campaigns, and never was a voter`);
    }
  }

  /** The memberships in its log, newest first. */
  *#heldBy({ log }: Watched, { lastIndex, snapshotIndex }: RaftStatus): IterableIterator<Held> {
    for (let i = this.#seen.length - 1; i >= 0; i--) {
      const { index, byHash } = this.#seen[i]!;
      if (index > lastIndex) continue;
      const hash = index <= snapshotIndex ? this.#committed[index] : log.hashAt(index);
      const membership = hash === undefined ? undefined : byHash.get(hash);
      if (membership !== undefined) yield { index, membership };
    }
  }

  #checkEffect({ id }: Watched, { membership }: RaftStatus, held: Membership): void {
    if (describe(membership) === describe(held)) return;
    const what = `node ${id} goes by the membership ${describe(membership)}`;
    violated("CFG", `${what}; the newest in its log is ${describe(held)}`);
  }

  #at(index: number): Map<number, Membership> {
    const known = this.#seen.find((entry) => entry.index === index);
    if (known !== undefined) return known.byHash;
    const byHash = new Map<number, Membership>();
    this.#seen.push({ index, byHash });
    this.#seen.sort((a, b) => a.index - b.index);
    return byHash;
  }
}

const isVoter = ({ voters, votersOutgoing }: Membership, id: number): boolean =>
  [...voters, ...votersOutgoing].some((voter) => voter === id);

const describe = ({ voters, votersOutgoing, learners }: Membership): string =>
  `${voters}|${votersOutgoing}|${learners}`;
