import { NO_VALUE, type Values } from "./model.ts";

/**
 * How many operations that a search has not placed yet need each value, and how many could still
 * leave it. Operations are numbered as in the search: completed ones first.
 */
export class Needs<State, Op> {
  readonly #values: Values<State, Op>;
  readonly #ids = new Map<number, number>();
  /** Dense ids of values by operation; NO_VALUE: none. A pending operation needs none. */
  readonly #needed: Int32Array;
  readonly #left: Int32Array;
  readonly #needs: Int32Array;
  readonly #givers: Int32Array;

  constructor(values: Values<State, Op>, ops: readonly Op[], completed: number) {
    this.#values = values;
    const id = (value: number): number => {
      if (value === NO_VALUE) return NO_VALUE;
      const known = this.#ids.get(value) ?? this.#ids.size;
      this.#ids.set(value, known);
      return known;
    };
    this.#needed = Int32Array.from(ops, (op, j) =>
      j < completed ? id(values.needed(op)) : NO_VALUE,
    );
    this.#left = Int32Array.from(ops, (op) => id(values.left(op)));
    this.#needs = new Int32Array(this.#ids.size);
    this.#givers = new Int32Array(this.#ids.size);
    for (let j = 0; j < ops.length; j++) this.#add(j, 1);
  }

  /** Operation j took effect. */
  take(j: number): void {
    this.#add(j, -1);
  }

  giveBack(j: number): void {
    this.#add(j, 1);
  }

  /** Whether going from one state to the other loses a value for good that is still needed. */
  isLost(from: State, to: State): boolean {
    const value = this.#values.shown(from);
    if (value === this.#values.shown(to)) return false;
    const id = this.#ids.get(value);
    return id !== undefined && this.#needs[id]! > 0 && this.#givers[id] === 0;
  }

  #add(j: number, count: number): void {
    if (this.#needed[j] !== NO_VALUE) this.#needs[this.#needed[j]!]! += count;
    if (this.#left[j] !== NO_VALUE) this.#givers[this.#left[j]!]! += count;
  }
}
