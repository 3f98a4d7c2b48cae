import type { Membership, Message } from "../raft/types.ts";
import { violated } from "./violation.ts";
import type { Watched } from "./watched.ts";

/**
 * What a node promises by a message must be durable when it is sent, and must not be taken back:
 * votes (VU, DUR), acks (DUR) and a leader's word on what a follower holds (MON).
 */
export class Promises {
  readonly #nodes: readonly Watched[];
  readonly #judgesLossOnly: boolean;
  /** By term × 256 + node; kept for ever, so that a restart is no second chance. */
  readonly #voteOf = new Map<number, number>();
  /** By leader × 256 + follower: the index in the last heartbeat. */
  readonly #told = new Map<number, { readonly term: number; index: number }>();

  constructor(nodes: readonly Watched[], judgesLossOnly: boolean) {
    this.#nodes = nodes;
    this.#judgesLossOnly = judgesLossOnly;
  }

  onSend(m: Message): void {
    switch (m.kind) {
      case "voteRequest":
        if (!m.pre) this.#checkVote(m.from, m.term, m.from);
        break;
      case "voteResponse":
        if (!m.pre && m.granted) this.#checkVote(m.from, m.term, m.to);
        break;
      case "appendResponse":
        if (!m.rejected) this.#checkAck(m.from, m.index, m.term);
        break;
      case "snapshotResponse":
        if (m.installed) this.#checkAck(m.from, m.lastIndex, m.term);
        break;
      case "heartbeat":
        this.#checkHeartbeat(m.from, m.to, m.term, m.commitIndex);
        break;
    }
  }

  #checkVote(id: number, term: number, candidate: number): void {
    const key = term * 256 + id;
    const known = this.#voteOf.get(key);
    if (known !== undefined && known !== candidate) {
      violated("VU", `node ${id} votes for ${candidate} in term ${term}, after ${known}`);
    }
    this.#voteOf.set(key, candidate);
    const { hardState } = this.#node(id);
    const isDurable =
      hardState.term > term || (hardState.term === term && hardState.votedFor === candidate);
    if (!isDurable && !this.#judgesLossOnly) {
      violated("DUR", `node ${id} sends its vote for ${candidate} in term ${term} unsaved`);
    }
  }

  /** It tells the lesser of commitIndex and the follower's matchIndex: neither may fall. */
  #checkHeartbeat(from: number, to: number, term: number, index: number): void {
    const key = from * 256 + to;
    const told = this.#told.get(key);
    const { membership } = this.#node(from);
    // One who was removed hears of it still; if it is added again, it begins anew.
    if (membership !== null && !isMember(membership, to)) this.#told.delete(key);
    else if (told === undefined || told.term !== term) this.#told.set(key, { term, index });
    else if (index < told.index) {
      violated("MON", `node ${from} takes back what node ${to} holds, to index ${index}`);
    } else told.index = index;
  }

  /** An accepted append: everything up to `index` is durable, and the term was entered. */
  #checkAck(id: number, index: number, term: number): void {
    if (this.#judgesLossOnly) return;
    const { durable, durableSnapshot, hardState } = this.#node(id);
    if (durable.lastIndex < index && durableSnapshot < index) {
      violated("DUR", `node ${id} acks index ${index} with ${durable.lastIndex} durable`);
    }
    if (hardState.term < term) {
      violated("DUR", `node ${id} acks in term ${term} with term ${hardState.term} durable`);
    }
  }

  #node(id: number): Watched {
    return this.#nodes[id - 1]!;
  }
}

const isMember = ({ voters, votersOutgoing, learners }: Membership, id: number): boolean =>
  [voters, votersOutgoing, learners].some((ids) => ids.some((member) => member === id));
