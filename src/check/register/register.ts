import type { KeyHistory, PathVerdict } from "../path.ts";
import { blocksOf, type Children, childrenOf, type Conflict, liveOf } from "./blocks.ts";
import { type Clusters, clustersOf, INITIAL, NO_CLUSTER } from "./clusters.ts";
import { explainConflict, explainUnwritten } from "./explain.ts";
import { sweep } from "./sweep.ts";

/** What the operations say that are not refused: an order of them all, or a contradiction. */
export type Proposal =
  | {
      readonly kind: "ordered";
      readonly clusters: Clusters;
      /** Places; refused compare-and-sets and writes that nobody saw are not among them. */
      readonly order: Int32Array;
    }
  | Exclude<PathVerdict, null | { readonly kind: "legal" }>;

/**
 * Settles a key that was put, deleted, read and compared-and-set, where every value was written
 * once, whatever outcomes are unknown. O(n). Not the case: refused operations, puts that expect a
 * version. Versions that replies tell are left to the verifier of the witness.
 */
export function registerPath(key: KeyHistory): PathVerdict {
  if (key.traits.refusedCas) return null;
  const proposal = propose(key);
  if (proposal === null || proposal.kind === "illegal") return proposal;
  return { kind: "legal", witness: proposal.order };
}

/**
 * Algorithm A: clusters (a write and the reads of its value), chained into blocks by successful
 * compare-and-sets, in an order that no block contradicts. Null: not the case.
 */
export function propose(key: KeyHistory): Proposal | null {
  const { traits, operations } = key;
  if (traits.appends || traits.versionedPuts || traits.refused) return null;
  if (!traits.uniqueValues && !traits.deletes) return null;
  const clusters = clustersOf(key);
  if (clusters === null) return null;
  if ("unwritten" in clusters) return explainUnwritten(key, clusters.unwritten);
  const isLive = liveOf(operations, clusters);
  const child = childrenOf(clusters, isLive);
  const explain = (conflict: Conflict, children: Children): Proposal =>
    explainConflict(key, { ...clusters, isLive, child: children }, conflict);
  if (child !== null && "kind" in child) return explain(child, null);
  const blocks = blocksOf(operations, clusters, isLive, child);
  if ("kind" in blocks) return explain(blocks, child);
  const heads = sweep(blocks);
  if ("kind" in heads) return explain(heads, child);
  return { kind: "ordered", clusters, order: orderOf(clusters, heads, child) };
}

/** The blocks in order, from INITIAL on; in each cluster the write, and then the reads by call. Uses up `reads`. */
function orderOf(clusters: Clusters, heads: Int32Array, child: Int32Array | null): Int32Array {
  const { writer, reads, of } = clusters;
  const order = new Int32Array(of.length);
  // From here on reads is where the next read of a cluster goes.
  const next = reads;
  let length = 0;
  for (let i = -1; i < heads.length; i++) {
    let c = i < 0 ? INITIAL : heads[i]!;
    for (; c !== NO_CLUSTER; c = child === null ? NO_CLUSTER : child[c]!) {
      if (c !== INITIAL) order[length++] = writer[c]!;
      const count = reads[c]!;
      next[c] = length;
      length += count;
    }
  }
  for (let i = 0; i < of.length; i++) {
    const c = of[i]!;
    if (c >= 0 && writer[c] !== i) order[next[c]!++] = i;
  }
  return order.subarray(0, length);
}
