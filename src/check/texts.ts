import type { History } from "../history/op.ts";
import { assert } from "../lib/assert.ts";

/**
 * A slot is a number below SLOTS that names a value within a state. Values that nobody ever read
 * share one, because no operation can tell them apart.
 */
export const SLOTS = 2 ** 26;
export const ABSENT = 0;
export const UNREAD = 1;
export const FIRST_VALUE = 2;

const HASH_FACTOR = 0x0100_0193;
const NONE = -1;

/**
 * The slots of a key with appends: its values are texts, and what an append gives may be the text
 * of a put or a get. Equal texts have one slot.
 *
 * A text is found by its length and a hash that the hashes of two parts give, and compared only where
 * these agree; so a text that nobody put or got is never spelled out, and long ones cost no more than
 * short ones.
 */
export class Texts {
  readonly #history: History;
  readonly #slotOfValue = new Map<number, number>();
  /** By hash and length: the last slot that has them; #next: the one before. */
  readonly #index = new Map<number, number>();
  readonly #next: number[] = [];
  /** By slot. */
  readonly #names: string[] = [];
  readonly #hashes: number[] = [];
  /** HASH_FACTOR to the power of the length. */
  readonly #powers: number[] = [];
  /** What was appended to what, if it is known. */
  readonly #whole: number[] = [];
  readonly #part: number[] = [];

  constructor(history: History) {
    assert(history.values.size < SLOTS / 2, "more values than the model has room for");
    this.#history = history;
    // Not in the index: a text without characters is not an absent one.
    for (let slot = 0; slot < FIRST_VALUE; slot++) this.#push("", 0, 1, NONE, NONE);
  }

  slot(value: number): number {
    let slot = this.#slotOfValue.get(value);
    if (slot === undefined) {
      slot = this.#intern(this.#history.values.name(value));
      this.#slotOfValue.set(value, slot);
    }
    return slot;
  }

  /** The slot of the text in `slot` followed by what `row` appends. */
  append(slot: number, row: number): number {
    const part = this.slot(this.#history.value[row]!);
    const hash = (Math.imul(this.#hashes[slot]!, this.#powers[part]!) + this.#hashes[part]!) | 0;
    const text = this.#names[slot]! + this.#names[part]!;
    const key = keyOf(hash, text.length);
    for (let s = this.#index.get(key) ?? NONE; s !== NONE; s = this.#next[s]!) {
      if (this.#whole[s] === slot && this.#part[s] === part) return s;
      if (this.#names[s] !== text) continue;
      this.#whole[s] = slot;
      this.#part[s] = part;
      return s;
    }
    const power = Math.imul(this.#powers[slot]!, this.#powers[part]!);
    return this.#enter(key, this.#push(text, hash, power, slot, part));
  }

  /**
   * The slots of what `shown` (slots) can have been before one of `tails` (slots) was appended to
   * it: every text in front of a tail.
   */
  beginnings(shown: readonly number[], tails: readonly number[]): ReadonlySet<number> {
    const slots = new Set<number>();
    for (const text of shown.map((slot) => this.#names[slot]!)) {
      for (const tail of tails.map((slot) => this.#names[slot]!)) {
        if (tail === "") continue;
        for (let at = text.indexOf(tail); at >= 0; at = text.indexOf(tail, at + 1)) {
          slots.add(at === 0 ? ABSENT : this.#intern(text.slice(0, at)));
        }
      }
    }
    return slots;
  }

  #intern(text: string): number {
    let hash = 0;
    let power = 1;
    for (let i = 0; i < text.length; i++) {
      hash = (Math.imul(hash, HASH_FACTOR) + text.charCodeAt(i) + 1) | 0;
      power = Math.imul(power, HASH_FACTOR);
    }
    const key = keyOf(hash, text.length);
    for (let s = this.#index.get(key) ?? NONE; s !== NONE; s = this.#next[s]!) {
      if (this.#names[s] === text) return s;
    }
    return this.#enter(key, this.#push(text, hash, power, NONE, NONE));
  }

  #push(text: string, hash: number, power: number, whole: number, part: number): number {
    this.#hashes.push(hash);
    this.#powers.push(power);
    this.#whole.push(whole);
    this.#part.push(part);
    this.#next.push(NONE);
    return this.#names.push(text) - 1;
  }

  #enter(key: number, slot: number): number {
    this.#next[slot] = this.#index.get(key) ?? NONE;
    this.#index.set(key, slot);
    return slot;
  }
}

const LENGTHS = 2 ** 20;
const keyOf = (hash: number, length: number): number => (hash >>> 0) * LENGTHS + (length % LENGTHS);
