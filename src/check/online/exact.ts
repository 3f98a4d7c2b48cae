import { type History, type Names, NO_RETURN, OUTCOME_INFO } from "../../history/op.ts";
import { keysOf } from "../keys.ts";
import { type Limits, search } from "../search.ts";
import type { ReadValue } from "./content.ts";
import type { Row } from "./replay.ts";

/**
 * Whether exact search proves that `rows`, operations on one key in order of invocation, fit no
 * order. `isWhole`: nothing happened before them; otherwise the key may have held anything, and
 * what may be tried is what the model lists (Model.starts). False: they fit one, or nobody knows.
 */
export function isProvenIllegal(rows: readonly Row[], isWhole: boolean, limits: Limits): boolean {
  const { model, operations } = keysOf(historyOf(rows)).at(0);
  const completed: number[] = [];
  for (const [i, op] of [...operations.ops].entries()) {
    if (operations.ret[i] !== NO_RETURN) completed.push(op);
  }
  const starts = isWhole ? [model.init] : (model.starts?.(completed) ?? null);
  if (starts === null || completed.length === 0) return false;
  return starts.every((start) => search(model, operations, limits, start).kind === "illegal");
}

/** A history of one key with these rows. */
function historyOf(rows: readonly Row[]): History {
  const values = new Interned();
  const column = (of: (row: Row) => number): Float64Array => Float64Array.from(rows, of);
  return {
    count: rows.length,
    op: Uint8Array.from(rows, (row) => row.op),
    process: Int32Array.from(rows, (row) => row.process),
    key: new Int32Array(rows.length),
    outcome: Uint8Array.from(rows, (row) => (row.ret === NO_RETURN ? OUTCOME_INFO : row.outcome)),
    value: Int32Array.from(rows, (row) => values.idOf(row.value)),
    expected: column((row) => row.expected),
    expectedValue: null,
    version: column((row) => (row.ret === NO_RETURN ? -1 : row.version)),
    index: column((row) => (row.ret === NO_RETURN ? 0 : row.index)),
    call: Int32Array.from(rows, (row) => row.call),
    ret: Int32Array.from(rows, (row) => row.ret),
    callUs: column(() => 0),
    returnUs: column(() => 0),
    keys: { size: 1, name: () => "key" },
    values,
  };
}

class Interned implements Names {
  readonly #ids = new Map<ReadValue, number>();
  readonly #names: string[] = [];

  get size(): number {
    return this.#names.length;
  }

  name(id: number): string {
    return this.#names[id]!;
  }

  /** The text `v7` is the number 7; numbers below 0 are no value. */
  idOf(value: ReadValue): number {
    if (typeof value === "number" && value < 0) return -1;
    const name = typeof value === "number" ? `v${value}` : value;
    let id = this.#ids.get(name);
    if (id === undefined) {
      id = this.#names.push(name) - 1;
      this.#ids.set(name, id);
    }
    return id;
  }
}
