import { type History, OUTCOME_FAIL, OUTCOME_MISMATCH } from "../history/op.ts";
import { OP_APPEND, OP_DELETE, OP_GET, OP_PUT } from "../kv/command.ts";
import { type Model, NO_VALUE, type Values } from "./model.ts";
import { ABSENT, FIRST_VALUE, SLOTS, Texts, UNREAD } from "./texts.ts";

/** A state is version × SLOTS + slot; the slot names the value (texts.ts). */
const PER_SLOTS = 1 / SLOTS;
const VERSION_MAX = 2 ** 26;

const versionOf = (state: number): number => Math.floor(state * PER_SLOTS);
const slotIn = (state: number): number => state - versionOf(state) * SLOTS;

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
 * operation is a row of `history`; `rows` are the key's, `read` is from readValues. A write raises
 * the version by one, from 0 while absent; a delete sets it to 0. Versions in replies are checked
 * where they are known.
 */
export function versionedKv(
  history: History,
  rows: Int32Array,
  read: Uint8Array,
): Model<number, number> {
  const key = new Key(history, rows, read);
  return {
    init: 0,
    step: (state, row) => key.step(state, row),
    maybe: (state, row) => key.maybe(state, row),
    observes: (row) => !key.writes(row),
    dead: (state, row) => key.isDead(state, row),
    identity: (row, pending) => key.identity(row, pending),
    ...(key.hasTexts ? {} : { values: key.values(), starts: (ops) => key.starts(ops) }),
  };
}

class Key {
  readonly #h: History;
  readonly #read: Uint8Array;
  /** Of a key with appends: what an append adds to may be anything. */
  readonly #texts: Texts | null;
  readonly #deletes: boolean;
  /** Whether anybody can see versions; otherwise they stay 1, and states differ by value alone. */
  readonly #counts: boolean;

  constructor(history: History, rows: Int32Array, read: Uint8Array) {
    const { op, outcome, version, expected } = history;
    const has = (kind: number): boolean =>
      rows.some((row) => op[row] === kind && outcome[row] !== OUTCOME_FAIL);
    this.#h = history;
    this.#read = read;
    this.#texts = has(OP_APPEND) ? new Texts(history, rows) : null;
    this.#deletes = has(OP_DELETE);
    this.#counts = rows.some((row) => version[row]! >= 0 || expected[row]! >= 0);
  }

  get hasTexts(): boolean {
    return this.#texts !== null;
  }

  writes(row: number): boolean {
    return this.#h.op[row] !== OP_GET && this.#h.outcome[row] !== OUTCOME_MISMATCH;
  }

  step(state: number, row: number): number | undefined {
    const current = versionOf(state);
    const told = this.#h.version[row]!;
    if (!this.writes(row)) {
      if (told >= 0 && told !== current) return undefined;
      if (this.#h.op[row] !== OP_GET) return current === this.#h.expected[row] ? undefined : state;
      return state - current * SLOTS === this.#slot(row) ? state : undefined;
    }
    const expected = this.#h.expected[row]!;
    if (expected >= 0 && expected !== current) return undefined;
    const after = this.#h.op[row] === OP_DELETE ? 0 : current + 1;
    return told >= 0 && told !== after ? undefined : this.#written(state, row);
  }

  maybe(state: number, row: number): number {
    const expected = this.#h.expected[row]!;
    if (expected >= 0 && expected !== versionOf(state)) return state;
    return this.#written(state, row);
  }

  /** Only a delete makes a version come back. */
  isDead(state: number, row: number): boolean {
    const found = this.#found(row);
    if (this.#deletes || found < 0) return false;
    const current = versionOf(state);
    if (current !== found) return current > found;
    return this.#h.op[row] === OP_GET && state - current * SLOTS !== this.#slot(row);
  }

  identity(row: number, pending: boolean): string {
    const { op, expected, outcome, version } = this.#h;
    const asked = `${op[row]} ${this.#slot(row)} ${expected[row]}`;
    return pending ? asked : `${asked} ${outcome[row]} ${version[row]}`;
  }

  values(): Values<number, number> {
    const { op } = this.#h;
    return {
      shown: slotIn,
      needed: (row) => (op[row] === OP_GET ? this.#slot(row) : NO_VALUE),
      left: (row) => {
        if (!this.writes(row)) return NO_VALUE;
        return op[row] === OP_DELETE ? ABSENT : this.#slot(row);
      },
    };
  }

  starts(ops: readonly number[]): readonly number[] | null {
    const { op } = this.#h;
    const states = new Set(this.#counts ? [0] : [0, SLOTS + UNREAD]);
    for (const row of ops) {
      if (op[row] === OP_DELETE) continue; // Legal everywhere, and forgets all that was.
      const slot = op[row] === OP_GET ? this.#slot(row) : UNREAD;
      const found = this.#counts ? this.#found(row) : slot === ABSENT ? 0 : 1;
      if (found < 0 || found > VERSION_MAX) return null;
      states.add(found === 0 && slot === UNREAD ? 0 : found * SLOTS + slot);
    }
    return [...states];
  }

  /** The slot of the value that `row` wrote or read. */
  #slot(row: number): number {
    const value = this.#h.value[row]!;
    if (value < 0) return ABSENT;
    if (this.#texts !== null) return this.#texts.slot(value);
    return this.#read[value] === 0 ? UNREAD : value + FIRST_VALUE;
  }

  /** The state after a write that takes effect. */
  #written(state: number, row: number): number {
    if (this.#h.op[row] === OP_DELETE) return 0;
    const isPut = this.#h.op[row] === OP_PUT;
    const slot = isPut ? this.#slot(row) : this.#texts!.append(slotIn(state), row);
    return (this.#counts ? versionOf(state) + 1 : 1) * SLOTS + slot;
  }

  /** The version that `row` found, or −1 if it does not say. */
  #found(row: number): number {
    const told = this.#h.version[row]!;
    if (this.#h.op[row] === OP_DELETE) return -1;
    if (!this.writes(row)) return told;
    return told > 0 ? told - 1 : this.#h.expected[row]!;
  }
}
