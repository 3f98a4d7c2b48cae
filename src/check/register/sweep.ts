import type { Operations } from "../operations.ts";
import type { Blocks, Conflict } from "./blocks.ts";
import { INITIAL } from "./clusters.ts";
import { indexesByRank } from "./sort.ts";

/** Ranks that one block may cost in the array of ranks; beyond that sorting is cheaper. */
const RANKS_PER_BLOCK = 8;

/**
 * An order of the blocks in which none comes before one that must precede it, by first cluster, or
 * two blocks of which each must.
 *
 * Block A must precede B iff an operation of A returned before one of B was called: first(A) <
 * last(B), first being the first return in a block and last the last call. The order is that by
 * min(first, last). Where B comes after A in it but must precede A, min(A) <= first(B) < last(A), so
 * min(A) is first(A), and first(A) < min(B) <= last(B): A must precede B as well, and the two
 * contradict each other. That is the case iff first(B) is less than the greatest last before it.
 * (Zones, after Gibbons and Korach, "Testing shared memories", 1997.)
 * O(n) where ranks are dense, and O(n log n) where they are not.
 */
export function sweep(o: Operations<number>, blocks: Blocks): Int32Array | Conflict {
  const { firstReturn, lastCall } = blocks;
  const order = byRank(o, blocks);
  // The key was absent before anything was called.
  let latest = lastCall[INITIAL]!;
  let holder = INITIAL;
  for (let i = 0; i < order.length; i++) {
    const head = order[i]!;
    if (firstReturn[head]! < latest) return { kind: "between", earlier: holder, later: head };
    if (lastCall[head]! > latest) {
      latest = lastCall[head]!;
      holder = head;
    }
  }
  return order;
}

/** The blocks by min(first, last). */
function byRank(o: Operations<number>, { heads, firstReturn, lastCall }: Blocks): Int32Array {
  const n = o.ops.length;
  // No block's last call is outside of these.
  const base = n === 0 ? 0 : o.call[0]!;
  const span = n === 0 ? 0 : o.call[n - 1]! - base + 1;
  const ranks = new Int32Array(heads.length);
  for (let i = 0; i < heads.length; i++) {
    const head = heads[i]!;
    ranks[i] = Math.min(firstReturn[head]!, lastCall[head]!) - base;
  }
  const dense = span > RANKS_PER_BLOCK * heads.length ? null : byDenseRank(heads, ranks, span);
  if (dense !== null) return dense;
  const order = indexesByRank(ranks);
  for (let i = 0; i < order.length; i++) order[i] = heads[order[i]!]!;
  return order;
}

/** One pass over all ranks; null if two blocks have the same one. */
function byDenseRank(heads: Int32Array, ranks: Int32Array, span: number): Int32Array | null {
  const at = new Int32Array(span);
  for (let i = 0; i < heads.length; i++) {
    if (at[ranks[i]!] !== 0) return null;
    at[ranks[i]!] = heads[i]!;
  }
  const order = ranks;
  let length = 0;
  for (let rank = 0; rank < span; rank++) if (at[rank] !== 0) order[length++] = at[rank]!;
  return order;
}
