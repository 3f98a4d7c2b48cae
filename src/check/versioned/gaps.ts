import { NO_RETURN, OUTCOME_MISMATCH } from "../../history/op.ts";
import { OP_GET } from "../../kv/command.ts";
import { valueName } from "../describe.ts";
import type { KeyHistory } from "../path.ts";
import { hadSeen } from "../words.ts";
import { completed, type Illegal, NOBODY, type Placed } from "./placed.ts";
import type { Wanted } from "./values.ts";

/** The versions that no completed write made, each with the pending write that did. */
export type Filled = {
  /** By version, 0 … top. */
  readonly writer: Int32Array;
  /** Pending writes without a condition that made none of them, in order of call. */
  readonly free: readonly number[];
  /** Whether another choice would have been as good for all but refused puts that told nothing. */
  readonly ambiguous: boolean;
};

/** Pending writes of which any version of one value can take one: those called by then on a stack. */
type Supply = { readonly places: number[]; next: number; readonly stack: number[] };

/**
 * Gives each version that no completed write made a pending write. Version p needs one called
 * before U_p, the first return of what found p or newer, and that alone (windows.ts). A pending
 * write that expects version p − 1 can make p and nothing else, so it is taken where it will do. Of
 * those without a condition,
 *
 *   1. versions whose value was read come first, in order, as they are choosy: each takes the one
 *      of its value that was called last among those in time, which leaves the earliest for others;
 *   2. all other versions then take the earliest that are left, in order.
 *
 * By exchange both are best: U_p rises with p, so that what serves a version serves all later ones.
 * Illegal: a version is left over. O(n log n) at most, and nothing where nothing is pending.
 */
export function fillGaps(
  key: KeyHistory,
  placed: Placed,
  wanted: Wanted,
  until: Int32Array,
): Filled | Illegal {
  const { history: h, operations: o } = key;
  const writer = placed.writer.slice();
  const conditional = new Map<number, number[]>();
  const supplies = new Map<number, Supply>();
  const taken = new Set<number>();
  const unconditional: number[] = [];
  for (const i of placed.pending) {
    const row = o.ops[i]!;
    const expected = h.expected[row]!;
    if (expected >= 0) listIn(conditional, expected + 1).push(i);
    else {
      unconditional.push(i);
      const value = h.value[row]!;
      const supply = supplies.get(value);
      if (supply) supply.places.push(i);
      else supplies.set(value, { places: [i], next: 0, stack: [] });
    }
  }
  const inTime = (i: number, p: number): boolean => o.call[i]! < o.ret[until[p]!]!;
  const open: number[] = [];
  let ambiguous = false;
  for (let p = 1; p <= placed.top; p++) {
    if (writer[p] !== NOBODY) continue;
    const read = wanted.reader[p]!;
    const value = wanted.value[p]!;
    const own = conditional.get(p)?.find((i) => value === NOBODY || h.value[o.ops[i]!] === value);
    const supply = value === NOBODY ? undefined : supplies.get(value);
    const rivals = value === NOBODY ? unconditional.length : (supply?.places.length ?? 0);
    ambiguous ||= rivals + (own === undefined ? 0 : 1) > 1;
    if (own !== undefined && inTime(own, p)) {
      writer[p] = own;
    } else if (value === NOBODY) {
      open.push(p);
    } else {
      const chosen = supply === undefined ? undefined : latest(supply, (i) => inTime(i, p));
      if (chosen === undefined) return unwritten(key, p, value, read, until[p]!);
      writer[p] = chosen;
      taken.add(chosen);
    }
  }
  const left = unconditional.filter((i) => !taken.has(i));
  for (const [j, p] of open.entries()) {
    const next = left[j];
    if (next === undefined || !inTime(next, p)) return tooFew(key, placed, p, until[p]!);
    writer[p] = next;
  }
  return { writer, free: left.slice(open.length), ambiguous };
}

function listIn(map: Map<number, number[]>, at: number): number[] {
  const list = map.get(at) ?? [];
  map.set(at, list);
  return list;
}

/** The last called of those in time that is left; versions ask in order, so more are in time later. */
function latest(supply: Supply, inTime: (place: number) => boolean): number | undefined {
  for (; supply.next < supply.places.length; supply.next++) {
    const place = supply.places[supply.next]!;
    if (!inTime(place)) break;
    supply.stack.push(place);
  }
  return supply.stack.pop();
}

const isWriter = (placed: Placed, i: number): boolean => placed.writer[placed.at[i]!] === i;

/**
 * A read found a value at version p that no write can have put there: those of that value that
 * completed made other versions, and those that did not were called after `first` had found p or a
 * newer version. Where several versions share the pending writes of a value, all is the core.
 */
function unwritten(
  key: KeyHistory,
  p: number,
  value: number,
  read: number,
  first: number,
): Illegal {
  const { history: h, operations: o } = key;
  const row = o.ops[read]!;
  const same = [...o.ops.keys()].filter(
    (i) =>
      h.value[o.ops[i]!] === value &&
      h.op[o.ops[i]!] !== OP_GET &&
      h.outcome[o.ops[i]!] !== OUTCOME_MISMATCH,
  );
  const said = `a get by client ${h.process[row]} returned ${valueName(h, row)}`;
  const done = same.filter((i) => o.ret[i] !== NO_RETURN);
  const isShared = same.some(
    (i) => o.ret[i] === NO_RETURN && h.expected[o.ops[i]!]! < 0 && o.call[i]! < o.ret[first]!,
  );
  const late = same.find((i) => o.ret[i] === NO_RETURN && o.call[i]! > o.ret[first]!);
  if (isShared) {
    const sentence = `${said}, but fewer writes of it than versions that had it had been sent`;
    return { kind: "illegal", core: completed(key), sentence, arrows: [] };
  }
  if (late === undefined) {
    const why = same.length === 0 ? "which nobody had written" : `which was never version ${p}`;
    return { kind: "illegal", core: [read, ...done], sentence: `${said}, ${why}`, arrows: [] };
  }
  const core = [...new Set([read, first, ...done, late])];
  const sentence =
    first === read
      ? `${said} before client ${h.process[o.ops[late]!]} sent it`
      : `${said}, which client ${h.process[o.ops[late]!]} sent only after ${hadSeen(h, o.ops[first]!)}`;
  return {
    kind: "illegal",
    core,
    sentence,
    arrows: [
      { before: first, after: late, why: "realTime" },
      { before: late, after: first, why: "value" },
    ],
  };
}

/**
 * `first` found version p or a newer one, but of the writes sent by then, those that made newer
 * versions left out, there are fewer than p. Where only the conditions of pending writes tell that
 * there are too few, all is the core.
 */
function tooFew(key: KeyHistory, placed: Placed, p: number, first: number): Illegal {
  const { history: h, operations: o } = key;
  const end = o.ret[first]!;
  const newer: number[] = [];
  let count = 0;
  for (let i = 0; i < o.ops.length && o.call[i]! < end; i++) {
    if (o.ret[i] === NO_RETURN) {
      if (h.expected[o.ops[i]!]! < p) count++;
    } else if (isWriter(placed, i)) {
      if (placed.at[i]! > p) newer.push(i);
      else count++;
    }
  }
  const core = count < p ? [...new Set([first, ...newer])] : completed(key);
  const sentence = `no write can have made version ${p}: none that was left had been sent when ${hadSeen(h, o.ops[first]!)}`;
  return { kind: "illegal", core, sentence, arrows: [] };
}
