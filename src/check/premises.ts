import { type History, OP_CAS } from "../history/op.ts";
import { OP_APPEND, OP_DELETE, OP_PUT } from "../kv/command.ts";
import { valueName } from "./describe.ts";
import { isPending, type Operations } from "./operations.ts";
import type { Forced } from "./path.ts";
import { client, hadSeen, isRead, saw, theOperation, wrote } from "./words.ts";
import { valueThatCameBack } from "./zones.ts";

/** Operations (rows of the history) that no order explains, and why, in one sentence. */
export type Violation = {
  readonly rows: readonly number[];
  readonly sentence: string;
  /** The contradiction, where it is more than what the answers of these operations say. */
  readonly arrows?: readonly Forced[];
};

/**
 * What must hold of one key whatever the order, in O(n log n): a violation names its few operations
 * and says why, where a failed search can only say that nothing fits. Null proves nothing.
 */
export function violatedPremise(h: History, o: Operations<number>): Violation | null {
  const has = (op: number): boolean => o.ops.some((row) => h.op[row] === op);
  const appends = has(OP_APPEND);
  // A delete lets versions come back.
  const versions = has(OP_DELETE)
    ? null
    : () => oneVersionTwice(h, o) ?? oneVersionTwoValues(h, o, appends) ?? backwards(h, o);
  if (appends) return versions?.() ?? null;
  return unwrittenRead(h, o) ?? versions?.() ?? cameBack(h, o);
}

/** A get of a value that nobody had sent by then. */
function unwrittenRead(h: History, o: Operations<number>): Violation | null {
  const firstPut = new Map<number, number>();
  for (const row of o.ops) {
    const value = h.value[row]!;
    const leaves = (h.op[row] === OP_PUT || h.op[row] === OP_CAS) && wrote(h, row);
    if (leaves && !firstPut.has(value)) firstPut.set(value, row);
  }
  for (let i = 0; i < o.ops.length; i++) {
    const row = o.ops[i]!;
    if (!isRead(h, row) || h.value[row]! < 0) continue;
    const put = firstPut.get(h.value[row]!);
    const read = `a get by ${client(h, row)} returned ${valueName(h, row)}`;
    if (put === undefined) return { rows: [row], sentence: `${read}, which nobody had written` };
    if (h.call[put]! > h.ret[row]!) {
      const arrows: Forced[] = [
        { before: row, after: put, why: "realTime" },
        { before: put, after: row, why: "value" },
      ];
      return { rows: [row, put], sentence: `${read} before ${client(h, put)} sent it`, arrows };
    }
  }
  return null;
}

/** Two writes that were acknowledged with the same version. */
function oneVersionTwice(h: History, o: Operations<number>): Violation | null {
  const writer = new Map<number, number>();
  for (let i = 0; i < o.ops.length; i++) {
    const row = o.ops[i]!;
    const version = h.version[row]!;
    if (isPending(o, i) || !wrote(h, row) || version < 0) continue;
    const other = writer.get(version);
    if (other !== undefined) {
      const both = `${theOperation(h, other)} and ${theOperation(h, row)}`;
      const sentence = `${both} were both acknowledged as version ${version}`;
      return { rows: [other, row], sentence };
    }
    writer.set(version, row);
  }
  return null;
}

/** A version with two values, read twice or written and read. */
function oneVersionTwoValues(
  h: History,
  o: Operations<number>,
  appends: boolean,
): Violation | null {
  const first = new Map<number, number>();
  for (let i = 0; i < o.ops.length; i++) {
    const row = o.ops[i]!;
    const version = h.version[row]!;
    if (isPending(o, i) || version < 0) continue;
    if (!isRead(h, row) && (h.op[row] !== OP_PUT || !wrote(h, row))) continue;
    if (appends && !isRead(h, row)) continue;
    const other = first.get(version);
    if (other === undefined) {
      first.set(version, row);
    } else if (h.value[other] !== h.value[row]) {
      const said = (r: number): string =>
        `${valueName(h, r)} ${isRead(h, r) ? "read" : "put"} by ${client(h, r)}`;
      const sentence = `version ${version} has two values: ${said(other)}, ${said(row)}`;
      return { rows: [other, row], sentence };
    }
  }
  return null;
}

/** An operation that found an older version than one that had returned before it began. */
function backwards(h: History, o: Operations<number>): Violation | null {
  const completed = [...o.ops.keys()].filter((i) => !isPending(o, i) && h.version[o.ops[i]!]! >= 0);
  const byReturn = completed.toSorted((a, b) => o.ret[a]! - o.ret[b]!);
  let newest = -1;
  let next = 0;
  for (const i of completed) {
    for (; next < byReturn.length && o.ret[byReturn[next]!]! < o.call[i]!; next++) {
      const row = o.ops[byReturn[next]!]!;
      if (newest < 0 || h.version[row]! > h.version[newest]!) newest = row;
    }
    const row = o.ops[i]!;
    const found = h.version[row]! - (wrote(h, row) ? 1 : 0);
    if (newest < 0 || h.version[newest]! <= found) continue;
    return { rows: [newest, row], sentence: `${saw(h, row)} after ${hadSeen(h, newest)}` };
  }
  return null;
}

/** A value that was seen again after another had taken its place. */
function cameBack(h: History, o: Operations<number>): Violation | null {
  const cycle = valueThatCameBack(h, o);
  if (cycle === null) return null;
  const { first, last, betweenFirst, betweenLast } = cycle;
  const places = new Set([first, last, betweenFirst, betweenLast].filter((place) => place >= 0));
  const between = `${valueName(h, o.ops[betweenFirst]!)} had ${first < 0 ? "been written" : "replaced it"}`;
  const row = o.ops[last]!;
  return {
    rows: [...places].map((place) => o.ops[place]!),
    sentence: `a read by ${client(h, row)} returned ${valueName(h, row)} after ${between}`,
  };
}
