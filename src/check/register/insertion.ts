import { NO_RETURN } from "../../history/op.ts";
import type { Operations } from "../operations.ts";
import type { KeyHistory, PathVerdict } from "../path.ts";
import { type Clusters, INITIAL, NO_CLUSTER, refusedBy } from "./clusters.ts";
import { propose } from "./register.ts";
import { indexesByRank } from "./sort.ts";

/**
 * Algorithm D: settles a key where compare-and-sets were refused, by putting them into the order of
 * all else, which is taken as registerPath has it. By call, each goes into the least slot that is
 * late enough (after all that had returned before its call, other refused ones too) and where the
 * key does not hold what it expected. If every one of them returned after what is before its slot
 * was called, that is a witness. If not, another order of all else may do, and nothing is known:
 * null. What contradicts itself without the refused ones does so with them. O(n log n).
 */
export function insertionPath(key: KeyHistory): PathVerdict {
  if (!key.traits.refusedCas) return null;
  const proposal = propose(key);
  if (proposal === null || proposal.kind === "illegal") return proposal;
  const { order, clusters } = proposal;
  const refused = refusedOf(clusters);
  const slots = slotsOf(key.operations, order, clusters, refused);
  return slots === null ? null : { kind: "legal", witness: merge(order, refused, slots) };
}

/** Places of the refused ones, by call. */
function refusedOf({ of }: Clusters): Int32Array {
  let count = 0;
  for (let i = 0; i < of.length; i++) if (of[i]! < 0) count++;
  const refused = new Int32Array(count);
  for (let i = 0, at = 0; i < of.length; i++) if (of[i]! < 0) refused[at++] = i;
  return refused;
}

/** The slot of each, slot s being before order[s]; null if one has none. */
function slotsOf(
  { call, ret }: Operations<number>,
  order: Int32Array,
  { of, count }: Clusters,
  refused: Int32Array,
): Int32Array | null {
  const state = statesOf(order, of);
  const left = leavesOf(state, count);
  const firstReturn = firstReturnsFrom(order, ret);
  const lastCall = lastCallsBefore(order, call);
  const byReturn = indexesByRank(Int32Array.from(refused, (place) => ret[place]!));
  const slots = new Int32Array(refused.length);
  let slot = 0;
  let returned = 0;
  let floor = 0;
  for (let i = 0; i < refused.length; i++) {
    const place = refused[i]!;
    const called = call[place]!;
    while (firstReturn[slot]! < called) slot++;
    for (; ret[refused[byReturn[returned]!]!]! < called; returned++) {
      floor = Math.max(floor, slots[byReturn[returned]!]!);
    }
    let at = Math.max(slot, floor);
    const unfound = of[place] === NO_CLUSTER ? NO_CLUSTER : refusedBy(of[place]!);
    if (state[at] === unfound) at = left[unfound]!;
    if (at > order.length || lastCall[at]! > ret[place]!) return null;
    slots[i] = at;
  }
  return slots;
}

/** By slot: the cluster whose value the key holds there. */
function statesOf(order: Int32Array, of: Int32Array): Int32Array {
  const state = new Int32Array(order.length + 1);
  state[0] = INITIAL;
  for (let s = 0; s < order.length; s++) state[s + 1] = of[order[s]!]!;
  return state;
}

/** By cluster: the slot in which its value is there no more; it is there in one run of slots. */
function leavesOf(state: Int32Array, clusters: number): Int32Array {
  const left = new Int32Array(clusters);
  for (let s = 0; s < state.length; s++) left[state[s]!] = s + 1;
  return left;
}

/** By slot: the first return of what comes after it. */
function firstReturnsFrom(order: Int32Array, ret: Int32Array): Int32Array {
  const first = new Int32Array(order.length + 1);
  first[order.length] = NO_RETURN;
  for (let s = order.length - 1; s >= 0; s--) first[s] = Math.min(first[s + 1]!, ret[order[s]!]!);
  return first;
}

/** By slot: the last call of what comes before it. */
function lastCallsBefore(order: Int32Array, call: Int32Array): Int32Array {
  const last = new Int32Array(order.length + 1);
  last[0] = -1;
  for (let s = 0; s < order.length; s++) last[s + 1] = Math.max(last[s]!, call[order[s]!]!);
  return last;
}

/** The order with the refused ones in their slots; of those in one slot the first called first. */
function merge(order: Int32Array, refused: Int32Array, slots: Int32Array): Int32Array {
  const next = new Int32Array(order.length + 2);
  for (let i = 0; i < slots.length; i++) next[slots[i]! + 1]!++;
  // What is in earlier slots, and one operation of the order for each of these, comes before.
  for (let s = 1; s < next.length; s++) next[s]! += next[s - 1]! + 1;
  const merged = new Int32Array(order.length + refused.length);
  for (let i = 0; i < refused.length; i++) merged[next[slots[i]!]!++] = refused[i]!;
  for (let s = 0; s < order.length; s++) merged[next[s]!] = order[s]!;
  return merged;
}
