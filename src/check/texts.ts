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

/**
 * The slots of a key with appends: its values are texts, and what an append gives may be the text
 * of a put or a get.
 */
export class Texts {
  readonly #history: History;
  readonly #slots = new Map<string, number>();
  readonly #names: string[] = [];
  readonly #slotOfValue = new Map<number, number>();
  readonly #appended = new Map<number, number>();

  constructor(history: History, rows: Int32Array) {
    assert(history.values.size < SLOTS / 2, "more values than the model has room for");
    this.#history = history;
    this.#names.push("", ""); // ABSENT and UNREAD: slots of texts come after.
    for (const row of rows) if (history.value[row]! >= 0) this.slot(history.value[row]!);
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
    const argument = this.slot(this.#history.value[row]!);
    const pair = slot * SLOTS + argument;
    let sum = this.#appended.get(pair);
    if (sum === undefined) {
      sum = this.#intern(this.#names[slot]! + this.#names[argument]!);
      this.#appended.set(pair, sum);
    }
    return sum;
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
    let slot = this.#slots.get(text);
    if (slot === undefined) {
      slot = this.#names.push(text) - 1;
      this.#slots.set(text, slot);
    }
    return slot;
  }
}
