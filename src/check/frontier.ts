import { NO_RETURN } from "../history/op.ts";

/** A list over 1 … n with O(1) removal and its undoing, in reverse order; 0 is both ends. */
class Links {
  readonly next: Int32Array;
  readonly #prev: Int32Array;

  constructor(order: ArrayLike<number>) {
    this.next = new Int32Array(order.length + 1);
    this.#prev = new Int32Array(order.length + 1);
    let last = 0;
    for (let i = 0; i < order.length; i++) {
      this.next[last] = order[i]! + 1;
      this.#prev[order[i]! + 1] = last;
      last = order[i]! + 1;
    }
    this.#prev[0] = last;
  }

  remove(x: number): void {
    this.next[this.#prev[x]!] = this.next[x]!;
    this.#prev[this.next[x]!] = this.#prev[x]!;
  }

  restore(x: number): void {
    this.next[this.#prev[x]!] = x;
    this.#prev[this.next[x]!] = x;
  }
}

/**
 * The completed operations that a search has not placed yet, as numbers 0 … n − 1 in order of
 * call. The enabled ones, which nothing unplaced precedes, are those called before the first
 * return:
 *
 *   const limit = f.firstReturn();
 *   for (let j = f.first(); f.isEnabled(j, limit); j = f.after(j)) …
 */
export class Frontier {
  readonly #call: Int32Array;
  readonly #ret: Int32Array;
  readonly #byCall: Links;
  readonly #byReturn: Links;
  readonly #placed: Uint8Array;
  remaining: number;
  /** Every operation below `low` is placed, none above `high` is: what differs lies between. */
  low = 0;
  high = -1;

  constructor(call: Int32Array, ret: Int32Array) {
    const numbers = Array.from(call, (_, j) => j);
    this.#call = call;
    this.#ret = ret;
    this.#byCall = new Links(numbers);
    this.#byReturn = new Links(numbers.sort((a, b) => ret[a]! - ret[b]!));
    this.#placed = new Uint8Array(call.length);
    this.remaining = call.length;
  }

  /** The unplaced operation that returned first, or −1; and the rank of its return. */
  firstToReturn(): number {
    return this.#byReturn.next[0]! - 1;
  }

  firstReturn(): number {
    const j = this.firstToReturn();
    return j < 0 ? NO_RETURN : this.#ret[j]!;
  }

  /** The first in order of call, or −1. */
  first(): number {
    return this.#byCall.next[0]! - 1;
  }

  after(j: number): number {
    return this.#byCall.next[j + 1]! - 1;
  }

  isEnabled(j: number, limit: number): boolean {
    return j >= 0 && this.#call[j]! <= limit;
  }

  place(j: number): void {
    this.#byCall.remove(j + 1);
    this.#byReturn.remove(j + 1);
    this.#placed[j] = 1;
    this.remaining--;
    if (j > this.high) this.high = j;
    while (this.low < this.#placed.length && this.#placed[this.low] === 1) this.low++;
  }

  /** Undoes the last `place` not undone; the caller restores `low` and `high`. */
  unplace(j: number): void {
    this.#byCall.restore(j + 1);
    this.#byReturn.restore(j + 1);
    this.#placed[j] = 0;
    this.remaining++;
  }

  /** 32 bits of which operations are placed, from `from` on. */
  bits(from: number): number {
    let bits = 0;
    const end = Math.min(32, this.high - from + 1);
    for (let t = 0; t < end; t++) bits |= this.#placed[from + t]! << t;
    return bits;
  }
}
