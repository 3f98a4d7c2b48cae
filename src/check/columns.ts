import type { History } from "../history/op.ts";
import { isEvidence, toldOrder } from "./operations.ts";

/** Columns of a history, grouped by key, without what is no evidence; `ops` are the rows. */
export type Columns = {
  readonly ops: Int32Array;
  readonly call: Int32Array;
  readonly ret: Int32Array;
  /** Operations.order. */
  readonly order: Float64Array;
  readonly op: Uint8Array;
  readonly outcome: Uint8Array;
  readonly value: Int32Array;
  readonly expectedValue: Int32Array | null;
  /** Null: no operation of any key tells it, or asks for one. */
  readonly versions: { readonly version: Float64Array; readonly expected: Float64Array } | null;
};

/**
 * The columns of a history of which the operations of key k come to lie at from[k] … from[k + 1] − 1,
 * in order of call. Those of a history of one key are its own, unless it has rows that are no
 * evidence. `hasVersions`: whether any of it tells or expects a version. O(n).
 */
export function columnsByKey(history: History, from: Int32Array, hasVersions: boolean): Columns {
  const isWhole = history.keys.size === 1 && from[1] === history.count;
  return isWhole ? whole(history, hasVersions) : group(history, from, hasVersions);
}

function whole(history: History, hasVersions: boolean): Columns {
  const { count, index, op } = history;
  const ops = new Int32Array(count);
  const order = new Float64Array(count);
  for (let row = 0; row < count; row++) {
    ops[row] = row;
    // Memory that is not written to costs nothing.
    if (index[row] !== 0) order[row] = toldOrder(op[row]!, index[row]!);
  }
  return { ...history, ops, order, versions: hasVersions ? history : null };
}

/** Column by column: each is read in order, and a place for each key is written to at a time. */
function group(history: History, from: Int32Array, hasVersions: boolean): Columns {
  const { count, key, op, outcome, index, expectedValue } = history;
  const total = from.at(-1)!;
  const next = from.slice();
  const places = new Int32Array(count);
  const ops = new Int32Array(total);
  const order = new Float64Array(total);
  for (let row = 0; row < count; row++) {
    const place = isEvidence(op[row]!, outcome[row]!) ? next[key[row]!]!++ : -1;
    places[row] = place;
    if (place < 0) continue;
    ops[place] = row;
    if (index[row] !== 0) order[place] = toldOrder(op[row]!, index[row]!);
  }
  return {
    ...{ ops, order },
    call: int32(history.call, places, total),
    ret: int32(history.ret, places, total),
    op: bytes(op, places, total),
    outcome: bytes(outcome, places, total),
    value: int32(history.value, places, total),
    expectedValue: expectedValue === null ? null : int32(expectedValue, places, total),
    versions: hasVersions
      ? {
          version: float64(history.version, places, total),
          expected: float64(history.expected, places, total),
        }
      : null,
  };
}

// A column with each row at its place, −1: none. One function a type: one for all is much slower.

function int32(column: Int32Array, places: Int32Array, total: number): Int32Array {
  const into = new Int32Array(total);
  for (let row = 0; row < places.length; row++) {
    if (places[row]! >= 0) into[places[row]!] = column[row]!;
  }
  return into;
}

function bytes(column: Uint8Array, places: Int32Array, total: number): Uint8Array {
  const into = new Uint8Array(total);
  for (let row = 0; row < places.length; row++) {
    if (places[row]! >= 0) into[places[row]!] = column[row]!;
  }
  return into;
}

function float64(column: Float64Array, places: Int32Array, total: number): Float64Array {
  const into = new Float64Array(total);
  for (let row = 0; row < places.length; row++) {
    if (places[row]! >= 0) into[places[row]!] = column[row]!;
  }
  return into;
}

/** The part of the columns that is one key's. */
export function partOf(columns: Columns, from: number, to: number): Columns {
  const { expectedValue, versions } = columns;
  return {
    ops: columns.ops.subarray(from, to),
    call: columns.call.subarray(from, to),
    ret: columns.ret.subarray(from, to),
    order: columns.order.subarray(from, to),
    op: columns.op.subarray(from, to),
    outcome: columns.outcome.subarray(from, to),
    value: columns.value.subarray(from, to),
    expectedValue: expectedValue?.subarray(from, to) ?? null,
    versions: versions && {
      version: versions.version.subarray(from, to),
      expected: versions.expected.subarray(from, to),
    },
  };
}
