import { DueQueue } from "../../fault/due-queue.ts";
import { CLEAR_LINK, type LinkState } from "../../fault/vocabulary.ts";
import type { Prng } from "../../lib/prng.ts";

/** What one direction of a connection may keep for later; a connection that would pass it ends. */
const HELD_BYTES_MAX = 16 << 20;

/** Where the bytes of a flow go. */
export type FlowEnd = {
  write(bytes: Uint8Array): void;
  /** The sender has closed, and all that it sent before has been written. */
  end(): void;
  /** Too much was held: the connection is of no use any more. */
  overflow(): void;
};

const END = Symbol("end");

/**
 * One direction of one connection, as bytes: they keep their order and none is lost or changed, for
 * the two ends trust TCP. A cut link keeps them, the news of a close too, and lets them through once
 * it is healed, as TCP's retransmissions would.
 */
export class ByteFlow {
  readonly #end: FlowEnd;
  readonly #prng: Prng;
  readonly #held = new DueQueue<Uint8Array | typeof END>();
  #heldBytes = 0;
  #state: LinkState = CLEAR_LINK;
  #lastMs = 0;
  #timer: Timer | null = null;
  #closed = false;

  constructor(end: FlowEnd, prng: Prng) {
    this.#end = end;
    this.#prng = prng;
  }

  push(bytes: Uint8Array): void {
    if (this.#isClear && this.#held.size === 0) return this.#end.write(bytes);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > HELD_BYTES_MAX) return this.#end.overflow();
    this.#hold(bytes);
  }

  /** The sender has closed. */
  end(): void {
    if (this.#isClear && this.#held.size === 0) this.#end.end();
    else this.#hold(END);
  }

  set(state: LinkState): void {
    this.#state = state;
    this.#release();
  }

  /** Drops what is held. */
  close(): void {
    this.#closed = true;
    this.#held.clear();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  get #isClear(): boolean {
    const { cut, delayMs, jitterMs, tailRatio } = this.#state;
    return !cut && delayMs === 0 && jitterMs === 0 && tailRatio === 0;
  }

  #hold(item: Uint8Array | typeof END): void {
    const { delayMs, jitterMs, tailRatio, tailMs } = this.#state;
    const isLate = tailRatio > 0 && this.#prng.chance(tailRatio);
    const moreMs = this.#prng.float() * (jitterMs + (isLate ? tailMs : 0));
    const at = performance.now() + delayMs + moreMs;
    this.#lastMs = Math.max(this.#lastMs, at);
    this.#held.add(this.#lastMs, item);
    this.#schedule();
  }

  #release(): void {
    if (this.#closed || this.#state.cut) return;
    const now = this.#isClear ? Number.POSITIVE_INFINITY : performance.now();
    for (let item = this.#held.take(now); item !== undefined; item = this.#held.take(now)) {
      if (item === END) {
        this.#end.end();
      } else {
        this.#heldBytes -= item.length;
        this.#end.write(item);
      }
    }
    this.#schedule();
  }

  #schedule(): void {
    if (this.#timer !== null || this.#closed || this.#state.cut || this.#held.size === 0) return;
    const inMs = Math.max(1, Math.ceil(this.#held.nextDue - performance.now()));
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#release();
    }, inMs);
  }
}
