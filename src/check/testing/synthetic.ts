import {
  type History,
  NO_RETURN,
  OP_CAS,
  OUTCOME_INFO,
  OUTCOME_MISMATCH,
  OUTCOME_OK,
} from "../../history/op.ts";
import { OP_APPEND, OP_DELETE, OP_GET, OP_PUT } from "../../kv/command.ts";
import { Prng } from "../../lib/prng.ts";
import { plantStaleRead } from "./stale-read.ts";

/** A history of a correct store under a closed loop of clients, and what is wrong with it. */
export type SyntheticSpec = {
  readonly seed: number;
  readonly operations: number;
  /** So many operations are under way at any time. */
  readonly clients: number;
  readonly keys: number;
  /** Shares of operations, which add up to 1 at most; the rest are puts without a condition. */
  readonly gets: number;
  readonly cas: number;
  readonly versioned: number;
  readonly appends: number;
  readonly deletes: number;
  /** Share of puts with a version, and of cas where values are unique, that are refused. */
  readonly refused: number;
  /** Share of operations that never return; a half of them takes effect all the same, later. */
  readonly pending: number;
  /** 0: no two writes have the same value; otherwise values, and what a cas expects, are one of so many. */
  readonly values: number;
  /** Whether replies tell versions, and log indexes. */
  readonly versions: boolean;
  readonly indexes: boolean;
  /**
   * Where in the history (0 … 1) a get answers what had been overwritten before it was called. Only
   * where values are unique is that a violation for certain. Null: the history is linearizable.
   */
  readonly staleReadAt: number | null;
};

const REGISTER: SyntheticSpec = {
  ...{ seed: 1, operations: 1000, clients: 4, keys: 1, values: 0, staleReadAt: null },
  ...{ gets: 0.5, cas: 0, versioned: 0, appends: 0, deletes: 0, refused: 0.4, pending: 0 },
  ...{ versions: false, indexes: false },
};

/**
 * Runs random clients against one copy of a store and records what they see, by `seed` always the
 * same: half gets and half puts of unique values by four clients on one key, unless `spec` says
 * otherwise. A million operations take about a tenth of a second, ten million one second. Text of appended values is kept, so
 * give long histories of appends some puts that begin anew.
 */
export function synthesize(spec: Partial<SyntheticSpec> = {}): History {
  const whole = { ...REGISTER, ...spec };
  const history = new Synthesis(whole).run();
  if (whole.staleReadAt !== null) plantStaleRead(history, whole.staleReadAt);
  return history;
}

/** What the clock of a history says at rank 0. */
const START_US = 1_800_000_000_000_000;
const ABSENT = -1;
const IDLE = -1;
const CHOICES = [OP_GET, OP_DELETE, OP_APPEND, OP_CAS, OP_PUT] as const;

type Columns = { -readonly [K in keyof History]: History[K] };

function columnsOf(n: number, hasCas: boolean): Omit<Columns, "keys" | "values"> {
  return {
    count: n,
    op: new Uint8Array(n),
    process: new Int32Array(n),
    key: new Int32Array(n),
    outcome: new Uint8Array(n),
    value: new Int32Array(n).fill(ABSENT),
    expected: new Float64Array(n).fill(-1),
    expectedValue: hasCas ? new Int32Array(n).fill(ABSENT) : null,
    version: new Float64Array(n).fill(-1),
    index: new Float64Array(n),
    call: new Int32Array(n),
    ret: new Int32Array(n).fill(NO_RETURN),
    callUs: new Float64Array(n),
    returnUs: new Float64Array(n),
  };
}

/**
 * One step lets one client, picked at random, go on: its operation takes effect, or it returns and
 * the next is called. So an operation lasts about as many steps as there are clients, twice, and no
 * queue of events is needed. Operations that never return are picked in the same way.
 */
class Synthesis {
  readonly #spec: SyntheticSpec;
  readonly #random: Prng;
  readonly #h: Omit<Columns, "keys" | "values">;
  readonly #values: ValueIds;
  /** By key: what the store holds. */
  readonly #current: Int32Array;
  readonly #version: Float64Array;
  /** By client: the row of its operation, whether that has taken effect, and its process number. */
  readonly #row: Int32Array;
  readonly #isDone: Uint8Array;
  readonly #process: Int32Array;
  /** Rows of operations that never return and have yet to take effect. */
  readonly #late: number[] = [];
  /** An operation is the first of CHOICES whose bound is above a number from 0 to 1. */
  readonly #bounds: readonly number[];
  #processes: number;
  #rows = 0;
  #rank = 0;
  #index = 0;

  constructor(spec: SyntheticSpec) {
    this.#spec = spec;
    this.#random = new Prng(spec.seed);
    this.#h = columnsOf(spec.operations, spec.cas > 0);
    this.#values = new ValueIds(spec.values, spec.appends > 0);
    this.#current = new Int32Array(spec.keys).fill(ABSENT);
    this.#version = new Float64Array(spec.keys);
    this.#row = new Int32Array(spec.clients).fill(IDLE);
    this.#isDone = new Uint8Array(spec.clients);
    this.#process = Int32Array.from(this.#row.keys());
    this.#processes = spec.clients;
    let sum = 0;
    const { gets, deletes, appends, cas, versioned } = spec;
    this.#bounds = [gets, deletes, appends, cas, versioned].map((share) => (sum += share));
  }

  run(): History {
    const { clients, operations } = this.#spec;
    for (let active = 0; this.#rows < operations || active > 0;) {
      const pick = this.#random.below(clients + this.#late.length);
      if (pick >= clients) {
        this.#takeEffect(this.#late[pick - clients]!);
        this.#late[pick - clients] = this.#late[this.#late.length - 1]!;
        this.#late.pop();
        continue;
      }
      const row = this.#row[pick]!;
      if (row !== IDLE && this.#isDone[pick] === 0) {
        this.#takeEffect(row);
        this.#isDone[pick] = 1;
        continue;
      }
      if (row !== IDLE) {
        this.#return(row);
        this.#row[pick] = IDLE;
        active--;
      }
      if (this.#rows < operations && this.#call(pick)) active++;
    }
    const values = this.#values;
    const names = { size: values.size, name: (id: number): string => values.name(id) };
    const keys = { size: this.#spec.keys, name: (id: number): string => `k${id}` };
    return { ...this.#h, keys, values: names };
  }

  /** Calls the next operation of a client. False: it never returns, and the client is free. */
  #call(client: number): boolean {
    const { keys, pending } = this.#spec;
    const h = this.#h;
    const row = this.#rows++;
    h.process[row] = this.#process[client]!;
    h.key[row] = keys === 1 ? 0 : this.#random.below(keys);
    h.callUs[row] = START_US + this.#rank;
    h.call[row] = this.#rank++;
    this.#ask(row);
    if (pending > 0 && this.#random.chance(pending)) {
      h.outcome[row] = OUTCOME_INFO;
      this.#process[client] = this.#processes++;
      if (this.#random.chance(0.5)) this.#late.push(row);
      return false;
    }
    this.#row[client] = row;
    this.#isDone[client] = 0;
    return true;
  }

  /** Chooses what the operation does. */
  #ask(row: number): void {
    const h = this.#h;
    const key = h.key[row]!;
    const draw = this.#random.float();
    const choice = this.#bounds.findIndex((bound) => draw < bound);
    const op = choice < 0 ? OP_PUT : CHOICES[choice]!;
    h.op[row] = op;
    if (op === OP_GET || op === OP_DELETE) return;
    h.value[row] = this.#values.argument(this.#random);
    if (op === OP_CAS) {
      const { values } = this.#spec;
      h.expectedValue![row] = values > 0 ? this.#random.below(values) : this.#current[key]!;
    }
    // A put that was chosen, not left over, is one with a version.
    if (op === OP_PUT && choice >= 0) h.expected[row] = this.#version[key]!;
  }

  #return(row: number): void {
    this.#h.returnUs[row] = START_US + this.#rank;
    this.#h.ret[row] = this.#rank++;
  }

  /** What the store does, and what its reply will tell. */
  #takeEffect(row: number): void {
    const h = this.#h;
    const { versions, indexes } = this.#spec;
    const key = h.key[row]!;
    const op = h.op[row]!;
    const isInfo = h.outcome[row] === OUTCOME_INFO;
    if (!isInfo) this.#guess(row);
    const isRefused =
      (op === OP_CAS && h.expectedValue![row] !== this.#current[key]) ||
      (h.expected[row]! >= 0 && h.expected[row] !== this.#version[key]);
    if (op !== OP_GET) this.#index++;
    if (op === OP_DELETE) {
      this.#version[key] = 0;
      this.#current[key] = ABSENT;
    } else if (op !== OP_GET && !isRefused) {
      this.#version[key]!++;
      const value = h.value[row]!;
      const before = this.#current[key]!;
      this.#current[key] = op === OP_APPEND ? this.#values.appended(before, value) : value;
    }
    if (isInfo) return;
    h.outcome[row] = isRefused ? OUTCOME_MISMATCH : OUTCOME_OK;
    if (op === OP_GET) h.value[row] = this.#current[key]!;
    if (versions) h.version[row] = this.#version[key]!;
    if (indexes) h.index[row] = this.#index + 1;
  }

  /**
   * Lets a conditional write expect what it will find, or something that was there shortly before:
   * real clients that know no better would be refused nearly always.
   */
  #guess(row: number): void {
    const { refused, values } = this.#spec;
    const h = this.#h;
    const key = h.key[row]!;
    if (h.expected[row]! >= 0) {
      const version = this.#version[key]!;
      const other = version > 2 ? version - 1 - this.#random.below(3) : version + 1;
      h.expected[row] = this.#random.chance(refused) ? other : version;
    } else if (h.op[row] === OP_CAS && values === 0 && !this.#random.chance(refused)) {
      h.expectedValue![row] = this.#current[key]!;
    }
  }
}

/** Interns values: v0, v1 … for arguments, and what appends make of them. */
class ValueIds {
  readonly #few: number;
  /** Null while a value's number is its name. */
  readonly #texts: string[] | null;
  readonly #ids = new Map<string, number>();
  #size: number;

  constructor(few: number, appends: boolean) {
    this.#few = few;
    this.#size = few;
    this.#texts = appends ? Array.from({ length: few }, (_, i) => `v${i}`) : null;
    this.#texts?.forEach((text, id) => this.#ids.set(text, id));
  }

  get size(): number {
    return this.#texts?.length ?? this.#size;
  }

  name(id: number): string {
    return this.#texts === null ? `v${id}` : this.#texts[id]!;
  }

  /** A new one, or one of the few. */
  argument(random: Prng): number {
    if (this.#few > 0) return random.below(this.#few);
    const id = this.#size++;
    return this.#texts === null ? id : this.#texts.push(`v${id}`) - 1;
  }

  /** The value that an append of `value` makes of `before`. */
  appended(before: number, value: number): number {
    if (before === ABSENT) return value;
    const texts = this.#texts!;
    const text = texts[before]! + texts[value]!;
    // Unique parts make unique wholes.
    if (this.#few === 0) return texts.push(text) - 1;
    const known = this.#ids.get(text) ?? texts.push(text) - 1;
    this.#ids.set(text, known);
    return known;
  }
}
