import { NO_RETURN } from "../../history/op.ts";
import type { KeyHistory } from "../path.ts";
import type { Filled } from "./gaps.ts";
import { type Bounds, type Moments, momentsOf, type Refusals } from "./moments.ts";
import { NOBODY, type Placed } from "./placed.ts";
import type { Windows } from "./windows.ts";

/** When the versions were made, the ones after the last that anybody saw included. */
export type Timed = {
  /** By version. */
  readonly t: Int32Array;
  readonly writer: Int32Array;
};

export type Stuck = Extract<Moments, { kind: "stuck" }> & {
  /** Whether another choice of pending writes might have done. */
  readonly ambiguous: boolean;
};

/**
 * Finds moments of the versions (moments.ts) by which no put was refused wrongly. After the last
 * version that anybody saw, pending writes may have made more: at each, the earliest called of those
 * that expect it, or else of those without a condition.
 */
export function timesOf(
  key: KeyHistory,
  placed: Placed,
  filled: Filled,
  windows: Windows,
): Timed | Stuck {
  const { history: h, operations: o } = key;
  const { top } = placed;
  const bounds = boundsOf(key, windows, top);
  const extra: number[] = [];
  let free = 0;
  let { ambiguous } = filled;
  let latest = windows.since[top + 1]! === NOBODY ? -1 : o.call[windows.since[top + 1]!]!;
  const expecting = new Map<number, number>();
  for (const i of placed.pending) {
    const expected = h.expected[o.ops[i]!]!;
    if (expected >= top && !expecting.has(expected)) expecting.set(expected, i);
  }
  const moments = momentsOf(
    bounds,
    groupRefusals(key, placed, top + placed.pending.length),
    (p) => {
      const own = expecting.get(p);
      ambiguous ||= own !== undefined && free < filled.free.length;
      const next = own ?? filled.free[free++];
      if (next === undefined) return null;
      extra.push(next);
      latest = Math.max(latest, o.call[next]!);
      return latest;
    },
  );
  if (moments.kind === "stuck") return { ...moments, ambiguous };
  const { t } = moments;
  const writer = new Int32Array(t.length).fill(NOBODY);
  writer.set(filled.writer);
  for (let p = top + 1; p < t.length; p++) writer[p] = extra[p - top - 1]!;
  return { t, writer };
}

/** L_p and U_p as ranks, of versions 0 … top; version 0 was there before everything. */
export function boundsOf({ operations: o }: KeyHistory, w: Windows, top: number): Bounds {
  const lo = new Int32Array(top + 1);
  const hi = new Int32Array(top + 1);
  lo[0] = hi[0] = -1;
  for (let p = 1; p <= top; p++) {
    lo[p] = w.since[p] === NOBODY ? -1 : o.call[w.since[p]!]!;
    hi[p] = w.until[p] === NOBODY ? NO_RETURN : o.ret[w.until[p]!]!;
  }
  return { lo, hi };
}

/** Those that expect a version above `last` were right to be refused. O(n), stable by call. */
function groupRefusals(
  { history: h, operations: o }: KeyHistory,
  { blind }: Placed,
  last: number,
): Refusals {
  const from = new Int32Array(last + 2);
  const expects = (i: number): number => h.expected[o.ops[i]!]!;
  for (const i of blind) if (expects(i) <= last) from[expects(i) + 1]!++;
  for (let e = 0; e <= last; e++) from[e + 1]! += from[e]!;
  const next = from.slice();
  const call = new Int32Array(from[last + 1]!);
  const ret = new Int32Array(from[last + 1]!);
  for (const i of blind) {
    if (expects(i) > last) continue;
    const at = next[expects(i)]!++;
    call[at] = o.call[i]!;
    ret[at] = o.ret[i]!;
  }
  return { from, call, ret };
}

/**
 * By entry of `blind`: a version other than the expected one that was there while the put was under
 * way. That at its call, or, if that is the expected one, one that came before or after it.
 */
export function versionsFound(
  { history: h, operations: o }: KeyHistory,
  { blind }: Placed,
  t: Int32Array,
): Int32Array {
  const found = new Int32Array(blind.length);
  let atCall = 0;
  for (let j = 0; j < blind.length; j++) {
    const i = blind[j]!;
    const call = o.call[i]!;
    const expected = h.expected[o.ops[i]!]!;
    while (atCall + 1 < t.length && t[atCall + 1]! <= call) atCall++;
    if (expected >= t.length || (expected > 0 && t[expected]! >= call)) {
      found[j] = Math.min(atCall, expected - 1);
    } else {
      found[j] = Math.max(atCall, expected + 1);
    }
  }
  return found;
}
