import { NO_NODE } from "../lib/ids.ts";
import type { HardState, RaftStatus, Restored, SnapshotMeta } from "../raft/api.ts";
import type { Membership, Message } from "../raft/types.ts";
import type { DurableWrite } from "../replica/ports.ts";
import type { LogView, Marks } from "./log-view.ts";
import { MembershipWatch } from "./membership-watch.ts";
import { Promises } from "./promises.ts";
import { violated } from "./violation.ts";
import { checkSurvived, lastIndexIn } from "./survived.ts";
import { newWatched, NOTHING_SAVED, type Watched } from "./watched.ts";

/**
 * Watches what the nodes do and throws InvariantError at the first event after which an invariant of
 * Raft does not hold (reference: raft-invariants). It shares no code and no state with the core: it
 * knows messages when they are sent, writes when they are handed out and when they are durable, the
 * status after each turn, and each command as it is applied. O(1) an event, apart from new entries.
 */
export class Monitor {
  readonly #nodes: readonly Watched[];
  readonly #promises: Promises;
  readonly #judgesLossOnly: boolean;
  readonly #memberships: MembershipWatch;
  readonly #leaderOf = new Map<number, number>();
  /** Log matching: by index, the prefix hash of each term that was ever there. */
  readonly #hashOf: Map<number, number>[] = [];
  /** The log that is committed, by index; fixed at first commit. */
  readonly #committed: number[] = [0];
  /** By index: the term of the leader that committed it first. */
  readonly #committedBy: number[] = [0];
  readonly #committedTerms: number[] = [0];
  readonly #payloads: Map<number, number>[] = [];
  readonly #stateHashes: number[] = [];
  elections = 0;

  /** `judgesLossOnly`: as PowerCuts says. */
  constructor(ids: readonly number[], judgesLossOnly = false) {
    this.#nodes = ids.map(newWatched);
    this.#judgesLossOnly = judgesLossOnly;
    this.#promises = new Promises(this.#nodes, judgesLossOnly);
    this.#memberships = new MembershipWatch(this.#committed);
  }

  /** The highest index that any node has committed. */
  get committedIndex(): number {
    return this.#committed.length - 1;
  }

  durableIndex(id: number): number {
    return this.#node(id).durable.lastIndex;
  }

  /** A write is handed out to the disk. */
  onWrite(id: number, { hardState, snapshot, batches }: DurableWrite): void {
    const node = this.#node(id);
    if (hardState !== null) checkVote(node, hardState);
    if (snapshot !== null) this.#follow(node.log, snapshot);
    let marks: Marks | null = null;
    if (batches.length > 0) {
      marks = node.log.marksOf(batches);
      this.#checkAppend(node, marks);
      node.log.put(marks);
      this.#memberships.onWrite(id, batches, marks);
    }
    node.writes.push({ hardState, snapshot, marks });
  }

  /** The oldest write is durable. */
  onDurable(id: number): void {
    const node = this.#node(id);
    const { hardState, snapshot, marks } = node.writes.shift()!;
    if (hardState !== null) node.hardState = hardState;
    if (snapshot !== null) this.#follow(node.durable, snapshot);
    if (marks !== null) node.durable.put(marks);
  }

  /** The node is down. What of its writes under way survives, it tells when it starts. */
  onCrash(id: number): void {
    const node = this.#node(id);
    node.role = "follower";
    node.term = node.hardState.term;
    node.commitIndex = node.appliedIndex = node.snapshotIndex = 0;
    node.membership = null;
  }

  /** The node starts on what it found on its disk; null: nothing. */
  onStart(id: number, restored: Restored | null): void {
    const node = this.#node(id);
    const found = restored ?? { hardState: NOTHING_SAVED, snapshot: null, batches: [] };
    const { snapshot } = found;
    if (snapshot !== null) this.#checkSnapshot(id, snapshot);
    if (!node.wiped) checkSurvived(node, found, (index) => this.#committed[index]!);
    node.log.copyFrom(node.durable);
    // Its old promises stay on record as durable, for others count on them; its log is the new one.
    if (node.wiped) node.log.lastIndex = lastIndexIn(found);
    node.hardState = found.hardState;
    node.writes = [];
    node.term = node.hardState.term;
    node.stateHash = node.lastApplied = 0;
    if (snapshot === null) return;
    this.#follow(node.durable, snapshot);
    this.#follow(node.log, snapshot);
    this.#restoreState(node, snapshot);
  }

  /** A snapshot is durable; `installed`: it is a leader's, and the node's state from now on. */
  onSnapshot(id: number, snapshot: SnapshotMeta, installed: boolean): void {
    this.#checkSnapshot(id, snapshot);
    if (installed) this.#restoreState(this.#node(id), snapshot);
  }

  /** Its disk is empty. What it had promised stays so for good: it may not keep its old identity. */
  onWipe(id: number): void {
    const node = this.#node(id);
    node.log.lastIndex = 0;
    node.term = 0;
    node.hardState = NOTHING_SAVED;
    node.writes = [];
    node.wiped = true;
  }

  /** A message leaves the node: what it promises must be so by now. */
  onSend(m: Message): void {
    this.#promises.onSend(m);
    if (m.kind !== "appendEntries") return;
    const leader = this.#leaderOf.get(m.term);
    if (leader !== undefined && leader !== m.from) {
      violated("ES", `node ${m.from} sends entries in term ${m.term}, which ${leader} leads`);
    }
  }

  /** A turn of the node has ended. */
  onTurn(id: number, s: RaftStatus): void {
    const node = this.#node(id);
    this.#checkOrder(node, s);
    const becameLeader = s.role === "leader" && (node.role !== "leader" || node.term !== s.term);
    // One that commits the membership without itself leads no more at the end of that turn.
    const wasLeader = s.role === "leader" || (node.role === "leader" && node.term === s.term);
    node.role = s.role;
    node.term = s.term;
    node.snapshotIndex = s.snapshotIndex;
    node.appliedIndex = s.appliedIndex;
    if (becameLeader) this.#checkLeader(node);
    if (s.commitIndex > node.commitIndex) this.#checkCommit(node, s, wasLeader);
    if (s.role === "leader" && !becameLeader) this.#checkMembership(node, s.membership);
    this.#memberships.onTurn(node, s);
    node.membership = s.membership;
  }

  /** A command was applied: its payload's hash, and what it gave. */
  onApply(id: number, index: number, payload: number, status: number, version: number): void {
    const node = this.#node(id);
    if (index <= node.lastApplied) {
      violated("ORD", `node ${id} applies index ${index} after ${node.lastApplied}`);
    }
    node.lastApplied = index;
    const entry = this.#payloads[index]?.get(node.log.termAt(index));
    if (entry !== undefined && entry !== payload) {
      violated("SMS", `node ${id} applies at index ${index} what its log does not hold there`);
    }
    const mixed = Math.imul(node.stateHash ^ payload, 0x9e3779b1) ^ (status + version * 16);
    node.stateHash = (mixed ^ (mixed >>> 15)) | 0;
    const known = this.#stateHashes[index];
    if (known === undefined) this.#stateHashes[index] = node.stateHash;
    else if (known !== node.stateHash) {
      violated("SMS", `node ${id} has another state than others after index ${index}`);
    }
  }

  #node(id: number): Watched {
    return this.#nodes[id - 1]!;
  }

  /** What a durable snapshot stands for was committed. */
  #checkSnapshot(id: number, { lastIndex, lastTerm }: SnapshotMeta): void {
    const known = this.#committedTerms[lastIndex];
    if (known !== lastTerm) {
      const is = known === undefined ? "is not committed" : `is of term ${known}`;
      violated("SMS", `node ${id} has a snapshot of ${lastIndex} in ${lastTerm}, which ${is}`);
    }
    const node = this.#node(id);
    node.durableSnapshot = Math.max(node.durableSnapshot, lastIndex);
  }

  /** LM, LAO, and no committed entry is replaced. */
  #checkAppend(node: Watched, marks: Marks): void {
    const { firstIndex, hashes, terms, payloads } = marks;
    if (firstIndex <= node.log.lastIndex && node.role === "leader") {
      // A leader of this very term: one that has just lost office stores its new term first.
      if (terms.at(-1) === node.term) {
        violated("LAO", `node ${node.id} leads term ${node.term} and replaces index ${firstIndex}`);
      }
    }
    if (firstIndex > node.log.lastIndex + 1) {
      violated("ORD", `node ${node.id} stores index ${firstIndex} after ${node.log.lastIndex}`);
    }
    if (firstIndex <= node.commitIndex) {
      violated("SMS", `node ${node.id} replaces the committed index ${firstIndex}`);
    }
    for (let i = 0; i < hashes.length; i++) {
      const index = firstIndex + i;
      const term = terms[i]!;
      const byTerm = (this.#hashOf[index] ??= new Map());
      const known = byTerm.get(term);
      if (known === undefined) {
        byTerm.set(term, hashes[i]!);
        (this.#payloads[index] ??= new Map()).set(term, payloads[i]!);
      } else if (known !== hashes[i]) {
        violated("LM", `two logs have term ${term} at index ${index} and differ up to there`);
      }
    }
  }

  /** MON and ORD. */
  #checkOrder(node: Watched, s: RaftStatus): void {
    const { id } = node;
    if (s.term < node.term) violated("MON", `term of node ${id} fell to ${s.term}`);
    if (s.commitIndex < node.commitIndex) {
      violated("MON", `commitIndex of node ${id} fell from ${node.commitIndex}`);
    }
    if (s.appliedIndex < node.appliedIndex) {
      violated("MON", `appliedIndex of node ${id} fell from ${node.appliedIndex}`);
    }
    if (s.snapshotIndex < node.snapshotIndex) {
      violated("MON", `snapshotIndex of node ${id} fell from ${node.snapshotIndex}`);
    }
    const isOrdered =
      s.snapshotIndex <= s.commitIndex &&
      s.appliedIndex <= s.commitIndex &&
      s.commitIndex <= s.lastIndex &&
      s.durableIndex <= s.lastIndex;
    if (!isOrdered) violated("ORD", `node ${id}: ${JSON.stringify(s)}`);
  }

  /** ES and LC. */
  #checkLeader(node: Watched): void {
    const { id, term } = node;
    const known = this.#leaderOf.get(term);
    if (known !== undefined && known !== id) {
      violated("ES", `nodes ${known} and ${id} both lead term ${term}`);
    }
    if (known === undefined) this.elections++;
    this.#leaderOf.set(term, id);
    // What a later leader committed, one that was elected earlier and notices now need not have.
    let last = this.committedIndex;
    while (this.#committedBy[last]! >= term) last--;
    if (node.log.hashAt(last) !== this.#committed[last] && node.snapshotIndex < last) {
      violated("LC", `node ${id} leads term ${term} without the committed index ${last}`);
    }
  }

  /** QC for what a leader commits first, SMS for all. */
  #checkCommit(node: Watched, s: RaftStatus, wasLeader: boolean): void {
    const { id, log } = node;
    const known = this.committedIndex;
    const agreed = Math.min(known, s.commitIndex);
    if (log.hashAt(agreed) !== this.#committed[agreed] && s.snapshotIndex < agreed) {
      violated("SMS", `node ${id} commits another log than others up to index ${agreed}`);
    }
    if (s.commitIndex > known) {
      if (!wasLeader) {
        violated("QC", `node ${id}, no leader, is the first to commit index ${s.commitIndex}`);
      }
      this.#checkQuorum(node, s);
      for (let i = known + 1; i <= s.commitIndex; i++) {
        this.#committed[i] = log.hashAt(i);
        this.#committedBy[i] = s.term;
        this.#committedTerms[i] = log.termAt(i);
      }
    }
    node.commitIndex = s.commitIndex;
  }

  /** CFG: two memberships in a row have quorums that overlap, which takes a joint one in between. */
  #checkMembership({ id, membership: before }: Watched, after: Membership): void {
    if (before === after || before === null) return;
    const isSame = `${before.voters}` === `${after.voters}`;
    const isJoint = `${after.votersOutgoing}` === `${before.voters}`;
    const wasJoint = before.votersOutgoing.length > 0;
    if (isSame || (isJoint && !wasJoint)) return;
    const from = `${before.voters}|${before.votersOutgoing}`;
    violated("CFG", `leader ${id} goes from ${from} to ${after.voters}|${after.votersOutgoing}`);
  }

  /** What a log is once a snapshot has taken its place, as far as they differ. */
  #follow(log: LogView, { lastIndex, lastTerm }: SnapshotMeta): void {
    log.install(lastIndex, this.#committed[lastIndex]!, lastTerm);
  }

  /** The state is what it was on every node after the last command up to the snapshot. */
  #restoreState(node: Watched, { lastIndex }: SnapshotMeta): void {
    let last: number = lastIndex;
    while (last > 0 && this.#stateHashes[last] === undefined) last--;
    node.stateHash = this.#stateHashes[last] ?? 0;
    node.lastApplied = lastIndex;
  }

  #checkQuorum(
    { id, log, membership: before }: Watched,
    { commitIndex, term, membership }: RaftStatus,
  ): void {
    const hash = log.hashAt(commitIndex);
    if (log.termAt(commitIndex) !== term) {
      const of = log.termAt(commitIndex);
      violated("QC", `node ${id}, leader of ${term}, commits index ${commitIndex} of term ${of}`);
    }
    if (this.#judgesLossOnly) return;
    const holds = (voter: number): boolean => {
      const { durable, durableSnapshot } = this.#node(voter);
      return durableSnapshot >= commitIndex || durable.hashAt(commitIndex) === hash;
    };
    // The turn that commits may go on to the next membership.
    if (!isQuorum(membership, holds) && !(before !== null && isQuorum(before, holds))) {
      const holders = this.#nodes.filter((node) => holds(node.id)).map((node) => node.id);
      violated(
        "QC",
        `node ${id} commits index ${commitIndex}, durable on ${holders.join(", ") || "none"}`,
      );
    }
  }
}

/** VU: a vote is given once a term, and not taken back in it. */
function checkVote({ id, writes, hardState }: Watched, next: HardState): void {
  const last = writes.findLast((write) => write.hardState !== null)?.hardState ?? hardState;
  if (next.term !== last.term || last.votedFor === NO_NODE || next.votedFor === last.votedFor)
    return;
  violated("VU", `node ${id} changes its vote in term ${next.term} from ${last.votedFor}`);
}

/** Written anew, and not the core's: a monitor that shared the core's arithmetic shared its bugs. */
function isQuorum(membership: Membership, has: (id: number) => boolean): boolean {
  const isMajority = (voters: readonly number[]): boolean =>
    2 * voters.filter(has).length > voters.length;
  const { voters, votersOutgoing } = membership;
  return isMajority(voters) && (votersOutgoing.length === 0 || isMajority(votersOutgoing));
}
