import { type History, OP_CAS, OUTCOME_MISMATCH } from "../history/op.ts";
import { OP_APPEND, OP_DELETE, OP_GET } from "../kv/command.ts";
import { type Help, type Model, NO_VALUE, type Values } from "./model.ts";
import type { KeyTraits } from "./path.ts";
import { ABSENT, FIRST_VALUE, SLOTS, Texts, UNREAD } from "./texts.ts";

/** A state is version × SLOTS + slot; the slot names the value (texts.ts). */
const PER_SLOTS = 1 / SLOTS;
const VERSION_MAX = 2 ** 26;
/** A window with more states to begin in is not worth searching. */
const STARTS_MAX = 64;
const NO_CAS = new Int32Array(0);

const versionOf = (state: number): number => Math.floor(state * PER_SLOTS);
const slotIn = (state: number): number => state - versionOf(state) * SLOTS;

/** What the model of one key asks of its operations; a subset of KeyTraits. */
type Has = Pick<KeyTraits, "appends" | "deletes" | "versions" | "versionedPuts">;

/**
 * One key of the store of src/kv: get, put, put with an expected version, append, delete; and
 * compare-and-set by value, as other stores have it. An operation is a row of `history`;
 * `observed` marks the ids of values that some get returned or some compare-and-set
 * expected. A write raises the version by one, from 0 while absent; a delete sets it to 0. Versions
 * in replies are checked where they are known.
 */
export function versionedKv(
  history: History,
  observed: Uint8Array,
  has: Has,
): Model<number, number> {
  return new KeyValue(history, observed, has);
}

/** The model of one key. Methods and not closures: those of a thousand keys are then one function. */
class KeyValue implements Model<number, number> {
  readonly init = 0;
  readonly values: Values<number, number> | undefined;
  readonly excluded: ((row: number) => number) | undefined;
  readonly #h: History;
  readonly #op: Uint8Array;
  readonly #outcome: Uint8Array;
  readonly #value: Int32Array;
  readonly #observed: Uint8Array;
  /** By row; of a history without any compare-and-set it is never looked at. */
  readonly #expectedValue: Int32Array;
  /** Of a key with appends: what an append adds to may be anything. */
  readonly #texts: Texts | null;
  readonly #deletes: boolean;
  /** Whether anybody can see versions; otherwise they stay 1, and states differ by value alone. */
  readonly #counts: boolean;

  constructor(history: History, observed: Uint8Array, has: Has) {
    this.#h = history;
    this.#op = history.op;
    this.#outcome = history.outcome;
    this.#value = history.value;
    this.#observed = observed;
    this.#expectedValue = history.expectedValue ?? NO_CAS;
    this.#texts = has.appends ? new Texts(history) : null;
    this.#deletes = has.deletes;
    this.#counts = has.versions || has.versionedPuts;
    this.values = has.appends ? undefined : this.#values();
    const isRegister = !has.appends && !this.#counts;
    this.excluded = isRegister ? (row) => this.#excluded(row) : undefined;
  }

  observes(row: number): boolean {
    return this.#op[row] === OP_GET || this.#outcome[row] === OUTCOME_MISMATCH;
  }

  step(state: number, row: number): number | undefined {
    if (!this.#finds(state, row)) return undefined;
    if (this.#counts && !this.#tells(state, row)) return undefined;
    return this.observes(row) ? state : this.#written(state, row);
  }

  maybe(state: number, row: number): number {
    const expected = this.#counts ? this.#h.expected[row]! : -1;
    if (expected >= 0 && expected !== versionOf(state)) return state;
    if (this.#op[row] === OP_CAS && slotIn(state) !== this.#expects(row)) return state;
    return this.#written(state, row);
  }

  /** Only a delete makes a version come back. */
  dead(state: number, row: number): boolean {
    if (this.#deletes || !this.#counts) return false;
    const found = this.#found(row);
    if (found < 0) return false;
    const current = versionOf(state);
    if (current !== found) return current > found;
    return this.#h.op[row] === OP_GET && state - current * SLOTS !== this.#slot(row);
  }

  identity(row: number, pending: boolean): string {
    const { op, expected, outcome, version } = this.#h;
    const expects = op[row] === OP_CAS ? this.#expects(row) : "";
    const asked = `${op[row]} ${this.#slot(row)} ${expected[row]} ${expects}`;
    return pending ? asked : `${asked} ${outcome[row]} ${version[row]}`;
  }

  #values(): Values<number, number> {
    const { op } = this.#h;
    return {
      shown: slotIn,
      needed: (row) => this.#needed(row),
      left: (row) => {
        if (this.observes(row)) return NO_VALUE;
        return op[row] === OP_DELETE ? ABSENT : this.#slot(row);
      },
    };
  }

  starts(ops: readonly number[], others: readonly number[]): readonly number[] | null {
    const { op } = this.#h;
    const swaps = others.filter((row) => op[row] === OP_CAS);
    if (this.#texts !== null) {
      return swaps.length > 0 ? null : this.#textStarts(ops, this.#texts);
    }
    const states = new Set(this.#counts ? [0] : [0, SLOTS + UNREAD]);
    for (const row of ops) {
      if (op[row] === OP_DELETE) continue; // Legal everywhere, and forgets all that was.
      const needed = this.#needed(row);
      const slot = needed === NO_VALUE ? UNREAD : needed;
      const found = this.#counts ? this.#found(row) : slot === ABSENT ? 0 : 1;
      if (found < 0 || found > VERSION_MAX) return null;
      states.add(found === 0 && slot === UNREAD ? 0 : found * SLOTS + slot);
      // What it leaves as it was without telling, a compare-and-set of others may find.
      if (needed !== NO_VALUE || !this.observes(row)) continue;
      for (const swap of swaps) {
        const expected = this.#expects(swap);
        states.add(expected === ABSENT || found === 0 ? 0 : found * SLOTS + expected);
      }
    }
    return swaps.length > 0 && states.size > STARTS_MAX ? null : [...states];
  }

  /**
   * The first operation of a window finds one of these: a get the text that it returned; before an
   * append, all that matters of a text is whether it and the append begin one that a get returned.
   */
  #textStarts(ops: readonly number[], texts: Texts): readonly number[] | null {
    const { op, value } = this.#h;
    const isGet = (row: number): boolean => op[row] === OP_GET;
    const shown = ops.filter((row) => isGet(row) && value[row]! >= 0).map((row) => this.#slot(row));
    const appends = ops.filter((row) => op[row] === OP_APPEND).map((row) => this.#slot(row));
    const before = [ABSENT, UNREAD, ...texts.beginnings(shown, appends)];
    const states = new Set<number>();
    for (const row of ops) {
      // What a refused put found may show later, with something else appended to it.
      if (op[row] === OP_CAS || (this.observes(row) && !isGet(row))) return null;
      if (op[row] === OP_DELETE) continue; // Legal everywhere, and forgets all that was.
      const found = this.#counts ? this.#found(row) : 1;
      if (found < 0 || found > VERSION_MAX) return null;
      for (const slot of isGet(row) ? [this.#slot(row)] : before) {
        if (slot === ABSENT && (isGet(row) || !this.#counts || found === 0)) states.add(0);
        else if (slot !== ABSENT && found > 0) states.add(found * SLOTS + slot);
      }
    }
    if (ops.some((row) => op[row] === OP_DELETE) || !this.#counts) states.add(0);
    return states.size > STARTS_MAX ? null : [...states];
  }

  /** Versions only grow unless something is deleted, and whatever writes makes a newer one. */
  helped(state: number, row: number, values: readonly number[], help: Help): number[] {
    if (!help.writes) return [];
    const current = versionOf(state);
    const found = this.#counts ? this.#found(row) : -1;
    if (found >= 0 && found <= current && !help.deletes) return [];
    const needed = this.#needed(row);
    const slots = needed === NO_VALUE ? [...values, UNREAD] : values.filter((v) => v === needed);
    // Others may have written before, and count only now that it matters.
    const isKept = needed === NO_VALUE || needed === slotIn(state);
    if (isKept && this.#counts) slots.push(slotIn(state));
    // If it was refused for its version, that is not what it expected.
    const least = Math.max(current, 1);
    const version = found >= 0 ? found : least + (least === this.#h.expected[row] ? 1 : 0);
    return slots.map((slot) => (slot === ABSENT ? 0 : version * SLOTS + slot));
  }

  /** The slot of the value that `row` wrote or read. */
  #slot(row: number): number {
    return this.#slotOf(this.#value[row]!);
  }

  /** The slot of the value that the compare-and-set `row` expects. */
  #expects(row: number): number {
    return this.#slotOf(this.#expectedValue[row]!);
  }

  #slotOf(value: number): number {
    if (value < 0) return ABSENT;
    if (this.#texts !== null) return this.#texts.slot(value);
    return this.#observed[value] === 0 ? UNREAD : value + FIRST_VALUE;
  }

  /** The slot that `row` must have found, or NO_VALUE if it does not say. */
  #needed(row: number): number {
    if (this.#h.op[row] === OP_GET) return this.#slot(row);
    const isDone = this.#h.op[row] === OP_CAS && !this.observes(row);
    return isDone ? this.#expects(row) : NO_VALUE;
  }

  /** The slot that `row`, which was refused, cannot have found. */
  #excluded(row: number): number {
    return this.#op[row] === OP_CAS ? this.#expects(row) : NO_VALUE;
  }

  /** Whether `row` can have its result where `state` is what it finds, versions in replies aside. */
  #finds(state: number, row: number): boolean {
    switch (this.#op[row]) {
      case OP_GET:
        return slotIn(state) === this.#slot(row);
      case OP_CAS:
        return (slotIn(state) === this.#expects(row)) !== this.observes(row);
      default: {
        if (!this.#counts) return true;
        const expected = this.#h.expected[row]!;
        return expected < 0 || (versionOf(state) === expected) !== this.observes(row);
      }
    }
  }

  /** Whether the version that the reply to `row` told, if any, is what it is after `row`. */
  #tells(state: number, row: number): boolean {
    const told = this.#h.version[row]!;
    if (told < 0) return true;
    if (this.observes(row)) return told === versionOf(state);
    return told === (this.#h.op[row] === OP_DELETE ? 0 : versionOf(state) + 1);
  }

  /** The state after a write that takes effect. */
  #written(state: number, row: number): number {
    if (this.#h.op[row] === OP_DELETE) return 0;
    const isAppend = this.#h.op[row] === OP_APPEND;
    const slot = isAppend ? this.#texts!.append(slotIn(state), row) : this.#slot(row);
    return (this.#counts ? versionOf(state) + 1 : 1) * SLOTS + slot;
  }

  /** The version that `row` found, or −1 if it does not say. */
  #found(row: number): number {
    const told = this.#h.version[row]!;
    if (this.#h.op[row] === OP_DELETE) return -1;
    if (this.observes(row)) return told;
    return told > 0 ? told - 1 : this.#h.expected[row]!;
  }
}
