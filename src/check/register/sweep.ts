import type { Blocks, Conflict } from "./blocks.ts";
import { INITIAL } from "./clusters.ts";
import { indexesByRank } from "./sort.ts";

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
 * O(n) where ranks are spread evenly, as those of operations are, else O(n log n).
 */
export function sweep(blocks: Blocks): Int32Array | Conflict {
  const { firstReturn, lastCall } = blocks;
  const order = byRank(blocks);
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
function byRank({ heads, firstReturn, lastCall }: Blocks): Int32Array {
  const ranks = new Int32Array(heads.length);
  for (let i = 0; i < heads.length; i++) {
    const head = heads[i]!;
    ranks[i] = Math.min(firstReturn[head]!, lastCall[head]!);
  }
  const order = indexesByRank(ranks);
  for (let i = 0; i < order.length; i++) order[i] = heads[order[i]!]!;
  return order;
}
