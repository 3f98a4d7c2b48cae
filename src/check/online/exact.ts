import { type History, type Names, NO_RETURN, OUTCOME_INFO } from "../../history/op.ts";
import { keysOf } from "../keys.ts";
import type { Model } from "../model.ts";
import { type Limits, search } from "../search.ts";
import type { ReadValue } from "./content.ts";
import type { Row } from "./replay.ts";

/**
 * Whether exact search proves that `rows`, operations on one key in order of invocation, fit no
 * order. Those with ret NO_RETURN are pending; one that tells a version all the same did return,
 * but may have taken effect before what the window shows. `isWhole`: nothing happened before them;
 * otherwise the key may have held anything, and what may be tried is what the model lists
 * (Model.starts). False: they fit one, or nobody knows.
 */
export function isProvenIllegal(rows: readonly Row[], isWhole: boolean, limits: Limits): boolean {
  const { model: whole, operations } = keysOf(historyOf(rows)).at(0);
  const model = withToldVersions(whole, rows);
  const completed: number[] = [];
  const pending: number[] = [];
  for (const [i, op] of [...operations.ops].entries()) {
    (operations.ret[i] === NO_RETURN ? pending : completed).push(op);
  }
  const starts = isWhole ? [model.init] : (model.starts?.(completed, pending) ?? null);
  if (starts === null || completed.length === 0) return false;
  return starts.every((start) => search(model, operations, limits, start).kind === "illegal");
}

/**
 * `model`, in which a pending operation that told its version takes effect with that or not at all.
 * `rows` are what its operations number.
 */
function withToldVersions(
  model: Model<number, number>,
  rows: readonly Row[],
): Model<number, number> {
  const told = (op: number): number => (rows[op]!.ret === NO_RETURN ? rows[op]!.version : -1);
  if (!rows.some((_, op) => told(op) >= 0)) return model;
  const { dead, values, starts, identity } = model;
  return {
    init: model.init,
    step: (state, op) => model.step(state, op),
    maybe: (state, op) =>
      told(op) < 0 ? model.maybe(state, op) : (model.step(state, op) ?? state),
    observes: (op) => model.observes(op),
    ...(dead && { dead: (state, op) => dead.call(model, state, op) }),
    ...(values && { values }),
    ...(starts && { starts: (ops, others) => starts.call(model, ops, others) }),
    ...(identity && {
      identity: (op, pending) => `${identity.call(model, op, pending)} ${pending ? told(op) : ""}`,
    }),
  };
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
    version: column((row) => row.version),
    index: column((row) => row.index),
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
