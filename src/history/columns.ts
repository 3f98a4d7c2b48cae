import { NO_VALUE } from "./format.ts";
import { type History, NO_RETURN, OUTCOME_INFO } from "./op.ts";

/** The columns of a history while it is being read. */
export type Columns = Omit<History, "count" | "keys" | "values" | "expectedValue">;

/** Room for `count` operations, all zero. */
export const columnsOf = (count: number): Columns => ({
  op: new Uint8Array(count),
  process: new Int32Array(count),
  key: new Int32Array(count),
  outcome: new Uint8Array(count),
  value: new Int32Array(count),
  expected: new Float64Array(count),
  version: new Float64Array(count),
  index: new Float64Array(count),
  call: new Int32Array(count),
  ret: new Int32Array(count),
  callUs: new Float64Array(count),
  returnUs: new Float64Array(count),
});

/** The same rows, each column by `change`. */
export const mapColumns = (
  c: Columns,
  change: <A extends Uint8Array | Int32Array | Float64Array>(column: A) => A,
): Columns => ({
  op: change(c.op),
  process: change(c.process),
  key: change(c.key),
  outcome: change(c.outcome),
  value: change(c.value),
  expected: change(c.expected),
  version: change(c.version),
  index: change(c.index),
  call: change(c.call),
  ret: change(c.ret),
  callUs: change(c.callUs),
  returnUs: change(c.returnUs),
});

/** What an operation asks. Ids and codes as in History. */
export type Asked = {
  readonly op: number;
  readonly key: number;
  /** Put, append, cas: the argument; −1: none. */
  readonly value: number;
  /** Version that a put expects; −1: none. */
  readonly expected: number;
  /** Value that a cas expects; −1: that the key is absent. Undefined for all other operations. */
  readonly expectedValue?: number;
};

type Column = Uint8Array | Int32Array | Float64Array;

/** Rows whose number is not known before the end. */
export class GrowingColumns {
  #columns = columnsOf(1 << 10);
  #expectedValue: Int32Array | null = null;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Of these, rows below `count` may be written until the next `add`. */
  get columns(): Columns {
    return this.#columns;
  }

  /** A new row: nobody knows yet how it ended. Returns its number. */
  add(process: number, asked: Asked, call: number, callUs: number): number {
    const row = this.#count++;
    if (row === this.#columns.op.length) this.#resize(row * 2, row);
    const c = this.#columns;
    c.op[row] = asked.op;
    c.process[row] = process;
    c.key[row] = asked.key;
    c.outcome[row] = OUTCOME_INFO;
    c.value[row] = asked.value;
    c.expected[row] = asked.expected;
    c.version[row] = -1;
    c.call[row] = call;
    c.ret[row] = NO_RETURN;
    c.callUs[row] = callUs;
    if (asked.expectedValue !== undefined) {
      this.#expectedValue ??= new Int32Array(c.op.length).fill(NO_VALUE);
      this.#expectedValue[row] = asked.expectedValue;
    }
    return row;
  }

  /** The rows, in the order in which they came, cut to size. */
  finish(): Columns & { readonly expectedValue: Int32Array | null } {
    this.#resize(this.#count, this.#count);
    return { ...this.#columns, expectedValue: this.#expectedValue };
  }

  #resize(length: number, kept: number): void {
    const resized = <A extends Column>(column: A): A => {
      const larger = new (column.constructor as new (length: number) => A)(length);
      larger.set(column.subarray(0, kept));
      return larger;
    };
    this.#columns = mapColumns(this.#columns, resized);
    if (this.#expectedValue !== null) {
      const from = this.#expectedValue;
      this.#expectedValue = resized(from).fill(NO_VALUE, kept);
    }
  }
}
