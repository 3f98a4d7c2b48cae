import { type History, OP_CAS, OUTCOME_MISMATCH } from "../history/op.ts";
import { OP_DELETE, OP_GET, OP_PUT } from "../kv/command.ts";
import { isPending, type Operations } from "./operations.ts";

/** Two values of which each must have been there before the other: `first` and then `then`, by place. */
export type Cycle = {
  /** Of the value that came back: what returned first (−1: the key was absent), and what began last. */
  readonly first: number;
  readonly last: number;
  /** Of the value in between: the same. Both may be one operation. */
  readonly betweenFirst: number;
  readonly betweenLast: number;
};

/**
 * What puts and gets say of one value, −1 standing for the absent key: by the place of the
 * operation that returned first, and of the one that was called last.
 */
type Zone = {
  firstPlace: number;
  minRet: number;
  lastPlace: number;
  maxCall: number;
};

/**
 * Looks for a value that came back, where every put wrote a value of its own and nothing was
 * appended; null if there is none, or values repeat. A value is there from its put until the next
 * write, once: its put and gets follow each other in any order that explains them. So if one of
 * them returned before one of another value began, all of them precede all of that value. Without a
 * pair that precede each other there is no longer cycle either (after Gibbons and Korach, "Testing
 * shared memories", 1997). O(n log n).
 */
export function valueThatCameBack(h: History, o: Operations<number>): Cycle | null {
  const zones = zonesOf(h, o);
  if (zones === null) return null;
  const key = (zone: Zone): number => Math.min(zone.minRet, zone.maxCall);
  const sorted = zones.filter((zone) => zone.firstPlace >= 0 || zone.minRet < 0);
  sorted.sort((a, b) => key(a) - key(b));
  let latest: Zone | null = null;
  for (const zone of sorted) {
    if (latest !== null && zone.minRet < latest.maxCall) {
      return cycleOf(latest, zone);
    }
    if (latest === null || zone.maxCall > latest.maxCall) latest = zone;
  }
  return null;
}

/** The key was absent first of all; of two values the one seen last came back, to a get. */
function cycleOf(a: Zone, b: Zone): Cycle {
  const isBack = a.minRet < 0 || (b.minRet >= 0 && a.maxCall > b.maxCall);
  const [back, between] = isBack ? [a, b] : [b, a];
  return {
    first: back.firstPlace,
    last: back.lastPlace,
    betweenFirst: between.firstPlace,
    betweenLast: between.lastPlace,
  };
}

/** A zone for each value that was seen, or put and acknowledged; null if two writes share a value. */
function zonesOf(h: History, o: Operations<number>): Zone[] | null {
  const zones = new Map<number, Zone>();
  const written = new Set<number>();
  const deletes = o.ops.some((row) => h.op[row] === OP_DELETE);
  for (let i = 0; i < o.ops.length; i++) {
    const row = o.ops[i]!;
    const value = h.value[row]!;
    const leaves = h.op[row] === OP_PUT || h.op[row] === OP_CAS;
    if (leaves && h.outcome[row] !== OUTCOME_MISMATCH) {
      if (written.has(value)) return null;
      written.add(value);
    } else if (h.op[row] !== OP_GET) {
      continue;
    }
    if (value < 0 && deletes) continue; // The key may have been absent more than once.
    let zone = zones.get(value);
    if (zone === undefined) {
      // The key is absent before anything is called.
      const minRet = value < 0 ? -1 : Infinity;
      zone = { firstPlace: -1, minRet, lastPlace: -1, maxCall: -1 };
      zones.set(value, zone);
    }
    extend(zone, o, i);
  }
  return [...zones.values()];
}

function extend(zone: Zone, o: Operations<number>, i: number): void {
  if (!isPending(o, i) && o.ret[i]! < zone.minRet) {
    zone.minRet = o.ret[i]!;
    zone.firstPlace = i;
  }
  if (o.call[i]! > zone.maxCall) {
    zone.maxCall = o.call[i]!;
    zone.lastPlace = i;
  }
}
