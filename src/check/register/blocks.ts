import { NO_RETURN } from "../../history/op.ts";
import type { Operations } from "../operations.ts";
import { type Clusters, INITIAL, NO_CLUSTER } from "./clusters.ts";

/** Two things that cannot both be; of clusters, or of blocks by their first cluster. */
export type Conflict =
  /** A compare-and-set that took effect expected what nobody wrote. */
  | { readonly kind: "rootless"; readonly cluster: number }
  /** Two compare-and-sets took effect on one value, which was there once. */
  | { readonly kind: "forked"; readonly first: number; readonly second: number }
  /** Compare-and-sets that each expected what another of them left. */
  | { readonly kind: "circular"; readonly cluster: number }
  /** An operation of `cluster` returned before one that must precede it was called. */
  | { readonly kind: "within"; readonly head: number; readonly cluster: number }
  /** Each of two blocks has an operation that returned before one of the other was called. */
  | { readonly kind: "between"; readonly earlier: number; readonly later: number };

/** By cluster: the one that took its place by compare-and-set, or NO_CLUSTER. Null: no cas. */
export type Children = Int32Array | null;

/**
 * Which clusters were there for certain, as 1. A pending write happened iff its value was read, or a
 * compare-and-set that happened expected it. The others may be dropped: an order with one stays an
 * order without it, since nobody saw it.
 */
export function liveOf(o: Operations<number>, clusters: Clusters): Uint8Array {
  const { count, writer, reads, parent } = clusters;
  const isLive = new Uint8Array(count);
  isLive[INITIAL] = 1;
  for (let c = 1; c < count; c++) {
    if (reads[c]! > 0 || o.ret[writer[c]!] !== NO_RETURN) isLive[c] = 1;
  }
  if (parent === null) return isLive;
  for (let from = 1; from < count; from++) {
    if (isLive[from] === 0) continue;
    for (let c = parent[from]!; c > INITIAL && isLive[c] === 0; c = parent[c]!) isLive[c] = 1;
  }
  return isLive;
}

/** A compare-and-set directly follows the value that it expected, which was there once. */
export function childrenOf(clusters: Clusters, isLive: Uint8Array): Children | Conflict {
  const { count, parent } = clusters;
  if (parent === null) return null;
  const child = new Int32Array(count).fill(NO_CLUSTER);
  for (let c = 1; c < count; c++) {
    const p = parent[c]!;
    if (isLive[c] === 0 || p < NO_CLUSTER) continue;
    if (p === NO_CLUSTER) return { kind: "rootless", cluster: c };
    if (child[p] !== NO_CLUSTER) return { kind: "forked", first: child[p]!, second: c };
    child[p] = c;
  }
  return circle(clusters, isLive, child) ?? child;
}

/** A chain that no block begins with, which must be a circle. */
function circle(
  { count, parent }: Clusters,
  isLive: Uint8Array,
  child: Int32Array,
): Conflict | null {
  const isReached = new Uint8Array(count);
  for (let head = 0; head < count; head++) {
    if (isLive[head] === 0 || (head > 0 && parent![head]! >= NO_CLUSTER)) continue;
    for (let c = head; c !== NO_CLUSTER; c = child[c]!) isReached[c] = 1;
  }
  for (let c = 1; c < count; c++) {
    if (isLive[c] === 1 && isReached[c] === 0) return { kind: "circular", cluster: c };
  }
  return null;
}

/** Blocks by first cluster. Block INITIAL is not among `heads`: it comes before all. */
export type Blocks = {
  readonly heads: Int32Array;
  /** By head: the first return and the last call in the block. */
  readonly firstReturn: Int32Array;
  readonly lastCall: Int32Array;
};

/**
 * A block is a chain of clusters, or a single one: unique values force it to be contiguous, each
 * cluster beginning with its write. So an operation must not return before the call of a write in
 * or before its own cluster, or of a read before it. Overwrites the columns of `clusters` with those
 * of the blocks. O(n).
 */
export function blocksOf(
  o: Operations<number>,
  clusters: Clusters,
  isLive: Uint8Array,
  child: Children,
): Blocks | Conflict {
  const { count, writer, firstReturn, lastCall, parent } = clusters;
  const heads = new Int32Array(count);
  let length = 0;
  for (let c = 0; c < count; c++) {
    if (isLive[c] === 0 || (parent !== null && parent[c]! >= NO_CLUSTER)) continue;
    if (c !== INITIAL) {
      const w = writer[c]!;
      if (firstReturn[c]! < o.call[w]!) return { kind: "within", head: c, cluster: c };
      if (o.ret[w]! < firstReturn[c]!) firstReturn[c] = o.ret[w]!;
      if (o.call[w]! > lastCall[c]!) lastCall[c] = o.call[w]!;
      heads[length++] = c;
    }
    const next = child === null ? NO_CLUSTER : child[c]!;
    const wrong = next === NO_CLUSTER ? NO_CLUSTER : extend(o, clusters, child!, c);
    if (wrong !== NO_CLUSTER) return { kind: "within", head: c, cluster: wrong };
  }
  return { heads: heads.subarray(0, length), firstReturn, lastCall };
}

/** Adds the chain behind `head` to its block; the first cluster that contradicts, or NO_CLUSTER. */
function extend(
  o: Operations<number>,
  { writer, firstReturn, lastCall }: Clusters,
  child: Int32Array,
  head: number,
): number {
  let first = firstReturn[head]!;
  let last = lastCall[head]!;
  for (let c = child[head]!; c !== NO_CLUSTER; c = child[c]!) {
    const w = writer[c]!;
    if (o.ret[w]! < last) return c;
    last = Math.max(last, o.call[w]!);
    if (firstReturn[c]! < last) return c;
    last = Math.max(last, lastCall[c]!);
    first = Math.min(first, o.ret[w]!, firstReturn[c]!);
  }
  firstReturn[head] = first;
  lastCall[head] = last;
  return NO_CLUSTER;
}
