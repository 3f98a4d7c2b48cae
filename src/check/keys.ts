import { type History, OP_CAS, OUTCOME_MISMATCH } from "../history/op.ts";
import { OP_APPEND, OP_DELETE, OP_GET } from "../kv/command.ts";
import { isEvidence, type Operations, toldOrder } from "./operations.ts";
import type { KeyHistory, KeyTraits } from "./path.ts";
import { observedValues, versionedKv } from "./versioned-kv.ts";

/** The keys of a history, each as the paths are given it. */
export type Keys = { readonly count: number; at(key: number): KeyHistory };

/**
 * Takes a history apart by key, without what is no evidence. The columns of all keys lie one after
 * the other in shared arrays, so that a key costs views and not arrays of its own, and those of a
 * history of one key are the history's where that is possible. O(n).
 */
export function keysOf(history: History): Keys {
  const size = history.keys.size;
  const flags = new Uint16Array(size);
  const from = countByKey(history, flags);
  const columns = size === 1 && from[1] === history.count ? whole(history) : group(history, from);
  const scratch = new Int32Array(history.values.size);
  const repeats = repeatingKeys(history, columns.ops, from, scratch);
  const observed = observedValues(history);
  return {
    count: size,
    at(k) {
      const [start, end] = [from[k]!, from[k + 1]!];
      const operations: Columns = {
        ops: columns.ops.subarray(start, end),
        call: columns.call.subarray(start, end),
        ret: columns.ret.subarray(start, end),
        order: columns.order.subarray(start, end),
      };
      const traits = traitsOf(flags[k]!, repeats[k] === 0);
      const model = versionedKv(history, operations.ops, observed, traits);
      return { history, name: history.keys.name(k), model, operations, traits, scratch };
    },
  };
}

const PUT = 1;
const VERSIONED_PUT = 2;
const REFUSED = 4;
const APPEND = 8;
const DELETE = 16;
const CAS = 32;
const REFUSED_CAS = 64;
const VERSION = 128;

/** Where the operations of each key begin, once grouped; gathers the flags of each key. */
function countByKey(history: History, flags: Uint16Array): Int32Array {
  const { count, key, keys, op, outcome, version, expected } = history;
  const from = new Int32Array(keys.size + 1);
  for (let row = 0; row < count; row++) {
    if (!isEvidence(op[row]!, outcome[row]!)) continue;
    const k = key[row]!;
    from[k + 1]!++;
    const told = version[row]! >= 0 ? VERSION : 0;
    if (op[row] === OP_GET) flags[k]! |= told;
    else flags[k]! |= told | flagsOf(op[row]!, outcome[row]!, expected[row]!);
  }
  for (let k = 0; k < keys.size; k++) from[k + 1]! += from[k]!;
  return from;
}

function flagsOf(op: number, outcome: number, expected: number): number {
  const isRefused = outcome === OUTCOME_MISMATCH;
  if (op === OP_CAS) return isRefused ? REFUSED_CAS : CAS;
  const asked = (isRefused ? REFUSED : 0) | (expected >= 0 ? VERSIONED_PUT : 0);
  return asked | (op === OP_APPEND ? APPEND : op === OP_DELETE ? DELETE : PUT);
}

function traitsOf(flags: number, uniqueValues: boolean): KeyTraits {
  const has = (flag: number): boolean => (flags & flag) !== 0;
  return {
    puts: has(PUT),
    versionedPuts: has(VERSIONED_PUT),
    refused: has(REFUSED),
    appends: has(APPEND),
    deletes: has(DELETE),
    cas: has(CAS),
    refusedCas: has(REFUSED_CAS),
    versions: has(VERSION),
    uniqueValues,
  };
}

type Columns = Operations<number> & { readonly ops: Int32Array };

/** A history of one key of which every row is evidence is its own grouping. */
function whole({ count, call, ret, index, op }: History): Columns {
  const ops = new Int32Array(count);
  const order = new Float64Array(count);
  for (let row = 0; row < count; row++) {
    ops[row] = row;
    // Memory that is not written to costs nothing.
    if (index[row] !== 0) order[row] = toldOrder(op[row]!, index[row]!);
  }
  return { ops, call, ret, order };
}

function group({ count, key, call, ret, index, op, outcome }: History, from: Int32Array): Columns {
  const total = from.at(-1)!;
  const columns = {
    ops: new Int32Array(total),
    call: new Int32Array(total),
    ret: new Int32Array(total),
    order: new Float64Array(total),
  };
  const next = from.slice();
  for (let row = 0; row < count; row++) {
    if (!isEvidence(op[row]!, outcome[row]!)) continue;
    const at = next[key[row]!]!++;
    columns.ops[at] = row;
    columns.call[at] = call[row]!;
    columns.ret[at] = ret[row]!;
    if (index[row] !== 0) columns.order[at] = toldOrder(op[row]!, index[row]!);
  }
  return columns;
}

/** 1 for each key of which two writes leave the same value, or one the value it began with. */
function repeatingKeys(
  { op, outcome, value }: History,
  ops: Int32Array,
  from: Int32Array,
  scratch: Int32Array,
): Uint8Array {
  const repeats = new Uint8Array(from.length - 1);
  for (let k = 0; k < repeats.length; k++) {
    for (let i = from[k]!; i < from[k + 1]!; i++) {
      const row = ops[i]!;
      if (op[row] === OP_GET || outcome[row] === OUTCOME_MISMATCH) continue;
      const v = value[row]!;
      if (v < 0 || scratch[v] === k + 1) {
        repeats[k] = 1;
        break;
      }
      scratch[v] = k + 1;
    }
  }
  scratch.fill(0);
  return repeats;
}
