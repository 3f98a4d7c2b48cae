import { NO_RETURN, OP_CAS, OUTCOME_MISMATCH } from "../../history/op.ts";
import { OP_DELETE, OP_GET } from "../../kv/command.ts";
import type { KeyHistory, Placed } from "../path.ts";

/** The cluster of the state in which the key began: absent. Nobody wrote it. */
export const INITIAL = 0;
/** What a compare-and-set expected was never written; or the write is none. */
export const NO_CLUSTER = -1;

/**
 * The operations on one key, by value, where no two writes leave the same one: a cluster is the
 * write of a value and the reads that returned it. Columns are by cluster; 0 is INITIAL.
 */
export type Clusters = {
  readonly count: number;
  /** Place of the write; −1 for INITIAL. */
  readonly writer: Int32Array;
  readonly reads: Int32Array;
  /** Of its reads: the first return and the last call; NO_RETURN and −1 if there are none. */
  readonly firstReturn: Int32Array;
  readonly lastCall: Int32Array;
  /**
   * By place: its cluster; of a refused compare-and-set −2 − the cluster that it did not find, or
   * NO_CLUSTER if nobody wrote that.
   */
  readonly of: Int32Array;
  /**
   * What the write expected, if it is a compare-and-set: a cluster, or NO_CLUSTER; NOT_CAS of the
   * others. Null: there is none.
   */
  readonly parent: Int32Array | null;
};

export const NOT_CAS = -2;
export const refusedBy = (of: number): number => -2 - of;

/**
 * The clusters of a key; the place of a read of what nobody wrote; or null where it cannot be told
 * who wrote what: a value was written twice, or the key was read as absent when it may have been
 * deleted. O(n).
 */
export function clustersOf(key: KeyHistory): Clusters | { readonly unwritten: number } | null {
  const { operations, placed, traits } = key;
  const n = operations.ops.length;
  const size = writesOf(placed) + 1;
  const clusters = {
    count: size,
    writer: new Int32Array(size).fill(-1),
    reads: new Int32Array(size),
    firstReturn: new Int32Array(size).fill(NO_RETURN),
    lastCall: new Int32Array(size).fill(-1),
    of: new Int32Array(n),
    parent: traits.cas || traits.refusedCas ? new Int32Array(size).fill(NOT_CAS) : null,
  };
  // While this runs, scratch holds the cluster of each value that the key was given, or 0.
  const isKnown = placeWrites(key, clusters) && placeExpectations(key, clusters);
  const unwritten = isKnown ? placeReads(key, clusters) : AMBIGUOUS;
  forget(key, clusters);
  if (unwritten === AMBIGUOUS) return null;
  return unwritten >= 0 ? { unwritten } : clusters;
}

const AMBIGUOUS = -2;
const NONE = -1;

function writesOf({ op, outcome }: Placed): number {
  let writes = 0;
  for (let i = 0; i < op.length; i++) {
    if (op[i] !== OP_GET && outcome[i] !== OUTCOME_MISMATCH) writes++;
  }
  return writes;
}

/** Numbers the writes; false if two of them leave the same value. */
function placeWrites({ placed, scratch }: KeyHistory, { writer, of }: Clusters): boolean {
  const { op, outcome, value } = placed;
  let cluster = 0;
  for (let i = 0; i < op.length; i++) {
    if (op[i] === OP_GET || outcome[i] === OUTCOME_MISMATCH) continue;
    writer[++cluster] = i;
    of[i] = cluster;
    if (op[i] === OP_DELETE) continue;
    const v = value[i]!;
    if (v < 0 || scratch[v] !== 0) return false;
    scratch[v] = cluster;
  }
  return true;
}

/** Finds what each compare-and-set expected; false if that is a key that may have been deleted. */
function placeExpectations(
  { placed, scratch, traits }: KeyHistory,
  { of, parent }: Clusters,
): boolean {
  if (parent === null) return true;
  const { op, outcome, expectedValue } = placed;
  for (let i = 0; i < op.length; i++) {
    if (op[i] !== OP_CAS) continue;
    const v = expectedValue![i]!;
    if (v < 0 && traits.deletes) return false;
    const cluster = v < 0 ? INITIAL : scratch[v] === 0 ? NO_CLUSTER : scratch[v]!;
    if (outcome[i] !== OUTCOME_MISMATCH) parent[of[i]!] = cluster;
    else of[i] = cluster === NO_CLUSTER ? NO_CLUSTER : refusedBy(cluster);
  }
  return true;
}

/** Adds the reads; the place of one that has no cluster, NONE, or AMBIGUOUS. */
function placeReads(
  { placed, operations, scratch, traits }: KeyHistory,
  { reads, firstReturn, lastCall, of }: Clusters,
): number {
  const { op, value } = placed;
  const { call, ret } = operations;
  const deletable = traits.deletes ? call[op.indexOf(OP_DELETE)]! : NO_RETURN;
  for (let i = 0; i < op.length; i++) {
    if (op[i] !== OP_GET) continue;
    const v = value[i]!;
    const cluster = v < 0 ? INITIAL : scratch[v]!;
    if (cluster === INITIAL) {
      if (v >= 0) return i;
      if (ret[i]! > deletable) return AMBIGUOUS;
    }
    of[i] = cluster;
    reads[cluster]!++;
    if (ret[i]! < firstReturn[cluster]!) firstReturn[cluster] = ret[i]!;
    if (call[i]! > lastCall[cluster]!) lastCall[cluster] = call[i]!;
  }
  return NONE;
}

/** Leaves scratch as it was found: whichever is less work. */
function forget({ placed, scratch }: KeyHistory, { writer, count }: Clusters): void {
  if (scratch.length < 4 * count) {
    scratch.fill(0);
    return;
  }
  for (let c = 1; c < count && writer[c]! >= 0; c++) {
    const v = placed.value[writer[c]!]!;
    if (v >= 0) scratch[v] = 0;
  }
}
