import { NO_RETURN, OUTCOME_MISMATCH } from "../../history/op.ts";
import { AssertionError } from "../../lib/assert.ts";
import type { KeyHistory } from "../path.ts";
import { sweep } from "../register/sweep.ts";
import { type Illegal, NOBODY } from "../versioned/placed.ts";
import type { Epochs } from "./epochs.ts";
import { type Block, crossed, outOfOrder } from "./explain.ts";

/**
 * Clusters in blocks, by place and by block: the epochs that reads show, first the key's beginning,
 * then every completed write that no read shows, alone. Nothing else can come between the clusters of
 * an epoch, as a later read would show it; so the blocks follow each other.
 */
export type Blocks = {
  /** By place: its cluster; −1: it is in none (a pending write that no read shows; refused puts). */
  readonly cluster: Int32Array;
  readonly writer: Int32Array;
  /** By block. Block b has the clusters from[b] … from[b + 1] − 1. */
  readonly from: Int32Array;
  readonly longest: Int32Array;
};

export function blocksOf({ history: h, operations: o }: KeyHistory, epochs: Epochs): Blocks {
  const cluster = epochs.cluster.slice();
  const alone: number[] = [];
  for (let i = 0; i < o.ops.length; i++) {
    if (cluster[i]! >= 0 || o.ret[i] === NO_RETURN) continue;
    if (h.outcome[o.ops[i]!] === OUTCOME_MISMATCH) continue;
    cluster[i] = epochs.writer.length + alone.length;
    alone.push(i);
  }
  const writer = joined(epochs.writer, Int32Array.from(alone));
  const from = joined(
    epochs.from,
    Int32Array.from(alone, (_, j) => epochs.writer.length + j + 1),
  );
  const longest = joined(epochs.longest, new Int32Array(alone.length).fill(NOBODY));
  return { cluster, writer, from, longest };
}

function joined(a: Int32Array, b: Int32Array): Int32Array {
  const both = new Int32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/**
 * An order of the blocks (register/sweep.ts says why it is one), or the operations that allow none.
 * O(n) where ranks are dense.
 */
export function orderOfBlocks(key: KeyHistory, blocks: Blocks): Int32Array | Illegal {
  const { call, ret } = key.operations;
  const spans = spansOf(key, blocks);
  if ("kind" in spans) return spans;
  const count = blocks.longest.length;
  const heads = Int32Array.from({ length: count - 1 }, (_, j) => j + 1);
  const firstReturn = spans.first.map((i) => (i === NOBODY ? NO_RETURN : ret[i]!));
  const lastCall = spans.last.map((i) => (i === NOBODY ? -1 : call[i]!));
  const order = sweep({ heads, firstReturn, lastCall });
  if (order instanceof Int32Array) return joined(new Int32Array(1), order);
  if (order.kind !== "between") throw new AssertionError(`${order.kind} without compare-and-set`);
  const blockOf = (b: number): Block => ({
    first: spans.first[b]!,
    last: spans.last[b]!,
    longest: blocks.longest[b]!,
    isBeginning: b === 0,
  });
  return crossed(key, blockOf(order.earlier), blockOf(order.later));
}

/** By block: the operation that returned first, and the one that was called last. */
type Spans = { readonly first: Int32Array; readonly last: Int32Array };

/**
 * Checks each block on the way: what comes earlier in a text must have been called by the time that
 * what comes later returns. A cluster begins with its write.
 */
function spansOf(key: KeyHistory, { cluster, writer, from, longest }: Blocks): Spans | Illegal {
  const { call, ret } = key.operations;
  // By cluster: of its reads, the one that returned first, and the one that was called last.
  const firstRead = new Int32Array(writer.length).fill(NOBODY);
  const lastRead = new Int32Array(writer.length).fill(NOBODY);
  for (let i = 0; i < cluster.length; i++) {
    const c = cluster[i]!;
    if (c < 0 || writer[c] === i) continue;
    lastRead[c] = i;
    if (firstRead[c] === NOBODY || ret[i]! < ret[firstRead[c]!]!) firstRead[c] = i;
  }
  const first = new Int32Array(longest.length).fill(NOBODY);
  const last = new Int32Array(longest.length).fill(NOBODY);
  for (let b = 0; b < longest.length; b++) {
    let [early, late] = [NOBODY, NOBODY];
    for (let c = from[b]!; c < from[b + 1]!; c++) {
      for (const i of [writer[c]!, firstRead[c]!]) {
        if (i === NOBODY) continue;
        if (late !== NOBODY && ret[i]! < call[late]!) {
          return outOfOrder(key, late, i, { longest: longest[b]!, isBeginning: b === 0 });
        }
        if (early === NOBODY || ret[i]! < ret[early]!) early = i;
        // Of reads of one cluster none must come first.
        if (i === writer[c] && i > late) late = i;
      }
      if (lastRead[c]! > late) late = lastRead[c]!;
    }
    first[b] = early;
    last[b] = late;
  }
  return { first, last };
}

/** The operations block by block: of each cluster the write, then its reads by call. O(n). */
export function witnessOf({ cluster, writer, from }: Blocks, order: Int32Array): Int32Array {
  // By cluster: where the next operation of it goes.
  const at = new Int32Array(writer.length);
  for (let i = 0; i < cluster.length; i++) if (cluster[i]! >= 0) at[cluster[i]!]!++;
  let total = 0;
  for (const b of order) {
    for (let c = from[b]!; c < from[b + 1]!; c++) {
      const size = at[c]!;
      at[c] = total;
      total += size;
    }
  }
  const witness = new Int32Array(total);
  for (let c = 1; c < writer.length; c++) witness[at[c]!++] = writer[c]!;
  for (let i = 0; i < cluster.length; i++) {
    const c = cluster[i]!;
    if (c >= 0 && writer[c] !== i) witness[at[c]!++] = i;
  }
  return witness;
}
