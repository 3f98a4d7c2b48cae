import { type History, OP_CAS, OUTCOME_MISMATCH } from "../history/op.ts";
import { OP_APPEND, OP_DELETE, OP_GET } from "../kv/command.ts";
import { type Columns, columnsByKey, partOf } from "./columns.ts";
import { isEvidence, type Operations } from "./operations.ts";
import type { KeyHistory, KeyTraits, Placed } from "./path.ts";
import { versionedKv } from "./versioned-kv.ts";

/** The keys of a history, each as the paths are given it. */
export type Keys = { readonly count: number; at(key: number): KeyHistory };

/**
 * Takes a history apart by key, without what is no evidence. The columns of all keys lie one after
 * the other in shared arrays, so that a key costs views and not arrays of its own. O(n).
 */
export function keysOf(history: History): Keys {
  const size = history.keys.size;
  const flags = new Uint16Array(size);
  const observed = new Uint8Array(history.values.size);
  const from = countByKey(history, flags, observed);
  const hasVersions = flags.some((of) => (of & (VERSION | VERSIONED_PUT)) !== 0);
  const columns = columnsByKey(history, from, hasVersions);
  const scratch = new Int32Array(history.values.size);
  const repeats = repeatingKeys(columns, from, scratch);
  const places = placesUpTo(largest(from), columns);
  return {
    count: size,
    at(k) {
      const part = partOf(columns, from[k]!, from[k + 1]!);
      const operations: Operations<number> = part;
      const traits = traitsOf(flags[k]!, repeats[k] === 0);
      const model = versionedKv(history, observed, traits);
      const placed = placedOf(history, part, places.subarray(0, part.ops.length), observed, traits);
      return { history, name: history.keys.name(k), model, operations, placed, traits, scratch };
    },
  };
}

const largest = (from: Int32Array): number =>
  from.reduce((most, to, k) => (k === 0 ? 0 : Math.max(most, to - from[k - 1]!)), 0);

/** 0, 1, 2 …: of a history of one key the rows themselves are, if all of them are evidence. */
function placesUpTo(count: number, { ops }: Columns): Int32Array {
  if (ops.length === count && ops[count - 1] === count - 1) return ops;
  const places = new Int32Array(count);
  for (let i = 0; i < count; i++) places[i] = i;
  return places;
}

/** A model that is asked for places looks into the columns of the key, and nowhere else. */
function placedOf(
  history: History,
  part: Columns,
  places: Int32Array,
  observed: Uint8Array,
  traits: KeyTraits,
): Placed {
  const { op, outcome, value, expectedValue, versions } = part;
  const columns = { ...history, ...versions, op, outcome, value, expectedValue };
  const model = versionedKv(columns, observed, traits);
  return { op, outcome, value, expectedValue, model, operations: { ...part, ops: places } };
}

const PUT = 1;
const VERSIONED_PUT = 2;
const REFUSED = 4;
const APPEND = 8;
const DELETE = 16;
const CAS = 32;
const REFUSED_CAS = 64;
const VERSION = 128;

/**
 * Where the operations of each key begin, once grouped; gathers the flags of each key, and marks
 * the values that some get returned or some compare-and-set expected.
 */
function countByKey(history: History, flags: Uint16Array, observed: Uint8Array): Int32Array {
  const { count, key, keys, op, outcome, version, expected, value, expectedValue } = history;
  const from = new Int32Array(keys.size + 1);
  for (let row = 0; row < count; row++) {
    const kind = op[row]!;
    if (!isEvidence(kind, outcome[row]!)) continue;
    const k = key[row]!;
    from[k + 1]!++;
    flags[k]! |= version[row]! >= 0 ? VERSION : 0;
    if (kind !== OP_GET) flags[k]! |= flagsOf(kind, outcome[row]!, expected[row]!);
    const seen = kind === OP_GET ? value[row]! : kind === OP_CAS ? expectedValue![row]! : -1;
    if (seen >= 0) observed[seen] = 1;
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

/** 1 for each key of which two writes leave the same value, or one the value it began with. */
function repeatingKeys(
  { op, outcome, value }: Columns,
  from: Int32Array,
  scratch: Int32Array,
): Uint8Array {
  const repeats = new Uint8Array(from.length - 1);
  for (let k = 0; k < repeats.length; k++) {
    for (let i = from[k]!; i < from[k + 1]!; i++) {
      if (op[i] === OP_GET || outcome[i] === OUTCOME_MISMATCH) continue;
      const v = value[i]!;
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
