import { broken } from "../lib/assert.ts";
import { type LogIndex, maxIndex, minIndex, plus } from "../lib/ids.ts";
import type { Millis } from "./api.ts";
import { Retransmit } from "./retransmit.ts";
import type { SnapshotSend } from "./snapshot-send.ts";

/**
 * The leader's view of one follower. In `probe` at most one AppendEntries is outstanding, to find
 * where the logs agree; in `replicate` appends are pipelined and nextIndex runs ahead of acks,
 * within a window of messages and of bytes; in `snapshot` it gets chunks of a snapshot instead.
 * Invariant: matchIndex < nextIndex.
 */
export class Progress {
  state: "probe" | "replicate" | "snapshot" = "probe";
  matchIndex: LogIndex;
  nextIndex: LogIndex;
  /** Probe only: an AppendEntries is out and unanswered. A heartbeat response clears it too. */
  paused = false;
  /** When the follower last answered in this term. */
  activeAt: Millis;
  /** The snapshot on its way; null but in `snapshot`. */
  sending: SnapshotSend | null = null;
  /** When to forget one that is no member any more; Infinity: it is a member. */
  leaveAt: Millis = Infinity;
  /** Highest read round the follower has confirmed (ReadIndex). */
  readSeq = 0;
  /** When to look again whether replication is stuck, and matchIndex when we last looked. */
  stuckCheckAt: Millis = 0;
  stuckAt = -1;
  /** When to send again what is not acknowledged. */
  readonly retransmit: Retransmit;
  /** Unacknowledged appends: last index and bytes of each, oldest at #head. */
  readonly #inflightLast: number[] = [];
  readonly #inflightBytes: number[] = [];
  #head = 0;
  #bytes = 0;

  constructor(
    matchIndex: LogIndex,
    nextIndex: LogIndex,
    activeAt: Millis,
    heartbeatIntervalMs: Millis,
  ) {
    if (matchIndex >= nextIndex) broken(`matchIndex ${matchIndex} >= nextIndex ${nextIndex}`);
    this.matchIndex = matchIndex;
    this.nextIndex = nextIndex;
    this.activeAt = activeAt;
    this.retransmit = new Retransmit(heartbeatIntervalMs);
  }

  get inflightMessages(): number {
    return this.#inflightLast.length - this.#head;
  }

  get inflightBytes(): number {
    return this.#bytes;
  }

  /** Replicate only: entries up to `last` left for the follower and are now unacknowledged. */
  sent(last: LogIndex, bytes: number, now: Millis): void {
    this.retransmit.sent(last, now);
    this.nextIndex = plus(last, 1);
    this.#inflightLast.push(last);
    this.#inflightBytes.push(bytes);
    this.#bytes += bytes;
  }

  /** Records an ack up to `index`. Returns false for a late ack that tells us nothing new. */
  advance(index: LogIndex, now: Millis): boolean {
    if (index < this.matchIndex) return false;
    if (index === this.matchIndex && this.state === "replicate") return false;
    this.matchIndex = index;
    this.nextIndex = maxIndex(this.nextIndex, plus(index, 1));
    // A late ack of entries from before: it still lacks what the snapshot is for.
    if (this.sending !== null && index < this.sending.meta.lastIndex) return true;
    this.sending = null;
    this.state = "replicate";
    this.paused = false;
    this.#release(index);
    this.retransmit.acked(index, index < this.nextIndex - 1, now);
    return true;
  }

  /**
   * Records a rejection of an append anchored at `rejected`; `agree` is the best guess at where
   * the logs agree. Returns false when the rejection is stale and must be ignored.
   */
  regress(rejected: LogIndex, agree: LogIndex): boolean {
    if (this.state === "snapshot") return false;
    if (this.state === "replicate") {
      if (rejected <= this.matchIndex) return false;
      this.restart();
      return true;
    }
    if (rejected !== this.nextIndex - 1) return false;
    this.nextIndex = maxIndex(minIndex(rejected, plus(agree, 1)), plus(this.matchIndex, 1));
    this.paused = false;
    this.retransmit.forget();
    return true;
  }

  /** Back to probing from what is known to match: what was in flight may be lost. */
  restart(): void {
    this.state = "probe";
    this.nextIndex = plus(this.matchIndex, 1);
    this.#forgetInflight();
  }

  /** What it needs next is compacted away. */
  sendSnapshot(sending: SnapshotSend): void {
    this.state = "snapshot";
    this.sending = sending;
    this.#forgetInflight();
  }

  #forgetInflight(): void {
    this.paused = false;
    this.retransmit.forget();
    this.#inflightLast.length = this.#inflightBytes.length = this.#head = this.#bytes = 0;
  }

  #release(index: LogIndex): void {
    const last = this.#inflightLast;
    while (this.#head < last.length && last[this.#head]! <= index) {
      this.#bytes -= this.#inflightBytes[this.#head++]!;
    }
    if (this.#head === last.length) last.length = this.#inflightBytes.length = this.#head = 0;
    else if (this.#head > 1024) {
      last.splice(0, this.#head);
      this.#inflightBytes.splice(0, this.#head);
      this.#head = 0;
    }
  }
}
