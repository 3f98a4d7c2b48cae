import { type History, OUTCOME_FAIL, OUTCOME_MISMATCH } from "../history/op.ts";
import { OP_APPEND, OP_DELETE, OP_GET, OP_PUT } from "../kv/command.ts";
import { assert } from "../lib/assert.ts";
import type { Model } from "./model.ts";

/**
 * A state is version × SLOTS + slot: the slot names the value. Values that nobody ever read share
 * one slot, because no operation can tell them apart.
 */
const SLOTS = 2 ** 26;
const PER_SLOTS = 1 / SLOTS;
const ABSENT = 0;
const UNREAD = 1;
const FIRST_VALUE = 2;
const VERSION_MAX = 2 ** 26;

/** Marks, by value id, the values that some get returned. */
export function readValues(history: History): Uint8Array {
  const read = new Uint8Array(history.values.size);
  for (let i = 0; i < history.count; i++) {
    if (history.op[i] === OP_GET && history.value[i]! >= 0) read[history.value[i]!] = 1;
  }
  return read;
}

/**
 * One key of the store of src/kv: get, put, put with an expected version, append, delete. An
 * operation is a row of `history`; `rows` are the key's. A write raises the version by one, from 0
 * while absent; a delete sets it to 0. Versions in replies are checked where they are known.
 */
export function versionedKv(
  history: History,
  rows: Int32Array,
  read: Uint8Array,
): Model<number, number> {
  const { op, outcome, expected, version } = history;
  const writes = (kind: number): boolean =>
    rows.some((row) => op[row] === kind && outcome[row] !== OUTCOME_FAIL);
  const deletes = writes(OP_DELETE);
  const texts = writes(OP_APPEND) ? new Texts(history, rows) : null;
  /** Whether anybody can see versions; otherwise they stay 1, and states differ by value alone. */
  const counts = rows.some((row) => version[row]! >= 0 || expected[row]! >= 0);

  const slotOf = (row: number): number => {
    const value = history.value[row]!;
    if (value < 0) return ABSENT;
    if (texts !== null) return texts.slot(value);
    return read[value] === 0 ? UNREAD : value + FIRST_VALUE;
  };

  /** The state after a write that takes effect. */
  const written = (state: number, row: number): number => {
    if (op[row] === OP_DELETE) return 0;
    const before = Math.floor(state * PER_SLOTS);
    const slot = op[row] === OP_PUT ? slotOf(row) : texts!.append(state - before * SLOTS, row);
    return (counts ? before + 1 : 1) * SLOTS + slot;
  };

  /** The version that `row` found, or −1 if it does not say. */
  const found = (row: number): number => {
    if (op[row] === OP_DELETE) return -1;
    if (op[row] === OP_GET || outcome[row] === OUTCOME_MISMATCH) return version[row]!;
    return version[row]! > 0 ? version[row]! - 1 : expected[row]!;
  };

  return {
    init: 0,

    step(state, row) {
      const current = Math.floor(state * PER_SLOTS);
      const told = version[row]!;
      if (op[row] === OP_GET) {
        if (told >= 0 && told !== current) return undefined;
        return state - current * SLOTS === slotOf(row) ? state : undefined;
      }
      if (outcome[row] === OUTCOME_MISMATCH) {
        if (current === expected[row] || (told >= 0 && told !== current)) return undefined;
        return state;
      }
      if (expected[row]! >= 0 && expected[row] !== current) return undefined;
      const after = op[row] === OP_DELETE ? 0 : current + 1;
      return told >= 0 && told !== after ? undefined : written(state, row);
    },

    maybe(state, row) {
      if (expected[row]! >= 0 && expected[row] !== Math.floor(state * PER_SLOTS)) return state;
      return written(state, row);
    },

    observes: (row) => op[row] === OP_GET || outcome[row] === OUTCOME_MISMATCH,

    dead(state, row) {
      const needed = found(row);
      if (deletes || needed < 0) return false; // Only a delete makes a version come back.
      const current = Math.floor(state * PER_SLOTS);
      if (current !== needed) return current > needed;
      return op[row] === OP_GET && state - current * SLOTS !== slotOf(row);
    },

    identity(row, pending) {
      const asked = `${op[row]} ${slotOf(row)} ${expected[row]}`;
      return pending ? asked : `${asked} ${outcome[row]} ${version[row]}`;
    },

    starts(ops) {
      if (texts !== null) return null; // What an append adds to may be anything.
      const states = new Set(counts ? [0] : [0, SLOTS + UNREAD]);
      for (const row of ops) {
        if (op[row] === OP_DELETE) continue; // Legal everywhere, and forgets all that was.
        if (!counts) {
          if (op[row] === OP_GET && slotOf(row) !== ABSENT) states.add(SLOTS + slotOf(row));
          continue;
        }
        const needed = found(row);
        if (needed < 0 || needed > VERSION_MAX) return null;
        if (op[row] === OP_GET) states.add(needed * SLOTS + slotOf(row));
        else states.add(needed * SLOTS + (needed === 0 ? ABSENT : UNREAD));
      }
      return [...states];
    },
  };
}

/**
 * The slots of a key with appends: its values are texts, and what an append gives may be the text
 * of a put or a get.
 */
class Texts {
  readonly #history: History;
  readonly #slots = new Map<string, number>();
  readonly #names: string[] = [];
  readonly #slotOfValue = new Map<number, number>();
  readonly #appended = new Map<number, number>();

  constructor(history: History, rows: Int32Array) {
    assert(history.values.size < SLOTS / 2, "more values than the model has room for");
    this.#history = history;
    this.#names.push("", "");
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

  #intern(text: string): number {
    let slot = this.#slots.get(text);
    if (slot === undefined) {
      slot = this.#names.push(text) - 1;
      this.#slots.set(text, slot);
    }
    return slot;
  }
}
