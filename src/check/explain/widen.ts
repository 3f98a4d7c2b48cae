import { contradicts, refutedInAnyOrder } from "../contradiction.ts";
import type { Operations } from "../operations.ts";
import type { Forced, KeyHistory } from "../path.ts";
import type { Limits } from "../search.ts";
import { refutedFromAnyState } from "../shrink.ts";

/** Of longer keys only what can be refuted without looking at all their writes is tried. */
const SEARCHED_MAX = 2000;
/** Each try of a larger core costs too much, and explains too little. */
const CORE_MAX = 9;

/**
 * The contradiction in a core (rows of the key) that no rule explains. Of two operations of which one
 * had returned when the other was called, the other does not fit after it: that is what the core
 * says. In a larger one it is found by widening: let an operation be called earlier, until the core
 * fits some order. What had returned before it, and now overlaps it, is what it does not fit after.
 * Empty if no single operation can be widened so.
 */
export function widenedArrows(
  key: KeyHistory,
  rows: readonly number[],
  limits: Limits,
): readonly Forced[] {
  if (rows.length > CORE_MAX) return [];
  const core = placesOf(key.operations, rows);
  const { ops, call, ret } = key.operations;
  const [a, b] = core;
  if (core.length === 2) return ret[a!]! < call[b!]! ? roundTrip(ops[a!]!, ops[b!]!) : [];
  if (!isRefuted(key, core, limits)) return [];
  for (const late of core.toReversed()) {
    const earlier = core.filter((place) => ret[place]! < call[late]!);
    earlier.sort((a, b) => ret[b]! - ret[a]!);
    for (const first of earlier) {
      const { operations, placeNow } = calledAt(key.operations, late, ret[first]!);
      if (isRefuted({ ...key, operations }, core.map(placeNow), limits)) continue;
      return roundTrip(ops[first]!, ops[late]!);
    }
  }
  return [];
}

const roundTrip = (before: number, after: number): readonly Forced[] => [
  { before, after, why: "realTime" },
  { before: after, after: before, why: "value", nowhereElse: true },
];

/** False: it fits, or that is not known. */
function isRefuted(key: KeyHistory, core: readonly number[], limits: Limits): boolean {
  if (refutedInAnyOrder(key, core)) return true;
  if (refutedFromAnyState(key.model, key.operations, core, limits)) return true;
  if (key.operations.ops.length > SEARCHED_MAX) return false;
  return contradicts(key, core, limits) === true;
}

/** The places of rows of a key, in order of call: rows ascend with their places. */
export function placesOf({ ops }: Operations<number>, rows: readonly number[]): readonly number[] {
  const placeOf = (row: number): number => {
    let low = 0;
    for (let high = ops.length; low < high;) {
      const middle = (low + high) >>> 1;
      if (ops[middle]! < row) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return rows.map(placeOf).sort((x, y) => x - y);
}

/** As if the operation at `late` had been called at the rank `call` already; in order of call. */
function calledAt(
  o: Operations<number>,
  late: number,
  call: number,
): { readonly operations: Operations<number>; placeNow(place: number): number } {
  let to = late;
  while (to > 0 && o.call[to - 1]! > call) to--;
  const moved = <Column extends Int32Array | Float64Array>(
    column: Column,
    value: number,
  ): Column => {
    const copy = column.slice() as Column;
    copy.copyWithin(to + 1, to, late);
    copy[to] = value;
    return copy;
  };
  const operations = {
    ops: moved(Int32Array.from(o.ops), o.ops[late]!),
    call: moved(o.call, call),
    ret: moved(o.ret, o.ret[late]!),
    order: moved(o.order, o.order[late]!),
  };
  const placeNow = (place: number): number => {
    if (place === late) return to;
    return place >= to && place < late ? place + 1 : place;
  };
  return { operations, placeNow };
}
