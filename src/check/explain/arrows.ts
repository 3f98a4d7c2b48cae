import { type History, NO_RETURN, OP_CAS } from "../../history/op.ts";
import { OP_APPEND, OP_GET, OP_PUT } from "../../kv/command.ts";
import type { Forced, KeyHistory, KeyTraits } from "../path.ts";
import { isRead, wrote } from "../words.ts";
import { isUnknown, repeatedValues, versionAfter } from "./facts.ts";

/** Beyond this nobody follows arrows, and finding them takes the cube of it. */
const CORE_MAX = 24;

/** What occurs on the key, and those values of the core of which nobody can say who wrote them. */
type Facts = Pick<KeyTraits, "puts" | "cas" | "appends" | "deletes"> & {
  readonly repeated: ReadonlySet<number>;
};

/** A forced order of two operations of the core, by number; `from`: what it was concluded from. */
type Edge = Forced & { readonly from: readonly Edge[] };

/**
 * Why the operations of a core (rows of one key) contradict each other: forced orders that form a
 * cycle come first, then those that the cycle was concluded from. Empty if these rules find none,
 * which says nothing: values that repeat, for one, leave them blind.
 *
 * What had returned before another was called precedes it. What replies say orders more:
 * - versions only grow (unless there are deletes), so an older one precedes a newer one, and the
 *   write that made a version those that saw it;
 * - a write precedes those that saw its value; a key found absent was absent before all writes;
 * - a value that only one write leaves is there once, without a break: if one operation that saw or
 *   wrote A precedes one that saw or wrote B, then all of A precede all of B;
 * - a compare-and-set follows what it found, with nothing in between;
 * - texts that are only appended to only grow.
 * Rules are applied until a cycle closes (there are few operations, so this ends at once).
 */
export function forcedArrows(key: KeyHistory, rows: readonly number[]): readonly Forced[] {
  if (rows.length < 2 || rows.length > CORE_MAX) return [];
  const { history: h, traits } = key;
  const core = rows.toSorted((a, b) => h.call[a]! - h.call[b]!);
  const values = core.flatMap((row) => [h.value[row]!, h.expectedValue?.[row] ?? -1]);
  const repeated = repeatedValues(key, [...new Set(values)]);
  const facts: Facts = { ...traits, repeated };
  const edges = new Edges(core.length);
  for (let a = 0; a < core.length; a++) {
    for (let b = 0; b < core.length; b++) {
      if (a === b) continue;
      const [first, then] = [core[a]!, core[b]!];
      if (h.ret[first]! !== NO_RETURN && h.ret[first]! < h.call[then]!) {
        edges.add({ before: a, after: b, why: "realTime", from: [] });
      } else if (saysBefore(h, facts, first, then)) {
        edges.add({ before: a, after: b, why: "value", from: [] });
      }
    }
  }
  const groups = groupsOf(h, facts, core);
  let cycle = shortestCycle(latestFirst(edges.all));
  while (cycle === null && conclude(edges, groups)) cycle = shortestCycle(latestFirst(edges.all));
  if (cycle === null) return [];
  const inRows = ({ before, after, why }: Forced): Forced => ({
    before: core[before]!,
    after: core[after]!,
    why,
  });
  return withGrounds(cycle).map(inRows);
}

/** The shortest cycle that forced orders form, from its first arrow in the list on; null: none. */
export function shortestCycle<Arrow extends Forced>(
  arrows: readonly Arrow[],
): readonly Arrow[] | null {
  let best: readonly Arrow[] | null = null;
  for (const first of arrows) {
    const rest = pathBetween(arrows, first.after, first.before);
    if (rest !== null && (best === null || rest.length + 1 < best.length)) best = [first, ...rest];
  }
  return best;
}

/** Of many cycles the one that ends last is the easiest to follow: what came too late is its head. */
const latestFirst = (edges: readonly Edge[]): readonly Edge[] =>
  edges.toSorted((x, y) => {
    if (x.why !== y.why) return x.why === "realTime" ? -1 : 1;
    return y.after - x.after || y.before - x.before;
  });

/** Breadth first, so as few arrows as lead from one to the other. */
function pathBetween<Arrow extends Forced>(
  arrows: readonly Arrow[],
  from: number,
  to: number,
): readonly Arrow[] | null {
  const reached = new Map<number, Arrow | null>([[from, null]]);
  for (const at of reached.keys()) {
    if (at === to) break;
    for (const arrow of arrows) {
      if (arrow.before === at && !reached.has(arrow.after)) reached.set(arrow.after, arrow);
    }
  }
  if (!reached.has(to)) return null;
  const path: Arrow[] = [];
  for (let step = reached.get(to)!; step !== null; step = reached.get(step.before)!) {
    path.unshift(step);
  }
  return path;
}

class Edges {
  readonly #size: number;
  readonly #edges = new Map<number, Edge>();

  constructor(size: number) {
    this.#size = size;
  }

  get all(): readonly Edge[] {
    return [...this.#edges.values()];
  }

  /** Keeps the first reason for an order; false if there was one. */
  add(edge: Edge): boolean {
    const key = edge.before * this.#size + edge.after;
    if (edge.before === edge.after || this.#edges.has(key)) return false;
    this.#edges.set(key, edge);
    return true;
  }
}

/** Whether replies alone say that `a` took effect before `b`. */
function saysBefore(h: History, facts: Facts, a: number, b: number): boolean {
  if (leftFor(h, facts, a, b)) return true;
  if (!facts.deletes) {
    const [old, young] = [versionAfter(h, a), versionAfter(h, b)];
    if (old >= 0 && young >= 0 && old !== young) return old < young;
    if (old >= 0 && old === young) return wrote(h, a) && !wrote(h, b);
    if (foundNothing(h, a)) return wrote(h, b) ? !isUnknown(h, b) : foundSome(h, b);
    if (facts.appends) return !facts.puts && !facts.cas && grewFrom(h, a, b);
  }
  return false;
}

const foundNothing = (h: History, row: number): boolean => isRead(h, row) && h.value[row]! < 0;
const foundSome = (h: History, row: number): boolean => isRead(h, row) && h.value[row]! >= 0;

/** `a` read a text that is shorter than what `b` read, or that lacks what `b` has appended. */
function grewFrom(h: History, a: number, b: number): boolean {
  if (!isRead(h, a) || h.value[a]! < 0 || h.value[b]! < 0) return false;
  const [before, after] = [h.values.name(h.value[a]!), h.values.name(h.value[b]!)];
  if (isRead(h, b)) return before.length < after.length && after.startsWith(before);
  return h.op[b] === OP_APPEND && !isUnknown(h, b) && !before.includes(after);
}

/** `a` alone can have left the value that `b` found. */
function leftFor(h: History, facts: Facts, a: number, b: number): boolean {
  if (facts.appends || !wrote(h, a)) return false;
  const value = groupValue(h, facts, a);
  if (value === null || value < 0) return false;
  return (isRead(h, b) && h.value[b] === value) || expects(h, b) === value;
}

/** The value that a compare-and-set found; null if `row` is none that was done. */
function expects(h: History, row: number): number | null {
  return h.op[row] === OP_CAS && wrote(h, row) && !isUnknown(h, row)
    ? (h.expectedValue?.[row] ?? null)
    : null;
}

/** The value that `row` left or saw, where that value can have been there once only. */
function groupValue(h: History, facts: Facts, row: number): number | null {
  const op = h.op[row]!;
  if (facts.appends || (op !== OP_GET && op !== OP_PUT && op !== OP_CAS)) return null;
  if (op !== OP_GET && !wrote(h, row)) return null;
  const value = h.value[row]!;
  if (value < 0) return facts.deletes ? null : value;
  return facts.repeated.has(value) ? null : value;
}

type Groups = {
  /** Of each operation of the core: those of the same value; null: it tells nothing of this kind. */
  readonly of: readonly (readonly number[] | null)[];
  /** Compare-and-sets, each with the operations of the value that it found. */
  readonly swaps: readonly { readonly swap: number; readonly found: readonly number[] }[];
};

function groupsOf(h: History, facts: Facts, core: readonly number[]): Groups {
  const members = new Map<number, number[]>();
  const read = new Set(core.filter((row) => isRead(h, row)).map((row) => h.value[row]!));
  core.forEach((row, i) => {
    const value = groupValue(h, facts, row);
    if (value === null || (isUnknown(h, row) && !read.has(value))) return;
    members.set(value, [...(members.get(value) ?? []), i]);
  });
  const of = core.map((_, i) => [...members.values()].find((group) => group.includes(i)) ?? null);
  const swaps = core.flatMap((row, swap) => {
    const value = expects(h, row);
    const found = value === null ? undefined : members.get(value);
    return found === undefined ? [] : [{ swap, found }];
  });
  return { of, swaps };
}

/** Adds what follows from the orders known so far; false if nothing new does. */
function conclude(edges: Edges, { of, swaps }: Groups): boolean {
  let isNew = false;
  const add = (before: number, after: number, from: Edge): void => {
    isNew = edges.add({ before, after, why: "value", from: [from] }) || isNew;
  };
  for (const edge of edges.all) {
    const [as, bs] = [of[edge.before] ?? null, of[edge.after] ?? null];
    if (as !== null && bs !== null && as !== bs) {
      for (const a of as) for (const b of bs) add(a, b, edge);
    }
    for (const { swap, found } of swaps) {
      if (found.includes(edge.before) && !found.includes(edge.after) && edge.after !== swap) {
        add(swap, edge.after, edge);
      }
      if (edge.after === swap && !found.includes(edge.before)) {
        for (const a of found) add(edge.before, a, edge);
      }
    }
  }
  return isNew;
}

/** The cycle, and then what it was concluded from, each once. */
function withGrounds(cycle: readonly Edge[]): readonly Edge[] {
  const all = new Set(cycle);
  for (const edge of all) for (const ground of edge.from) all.add(ground);
  return [...all];
}
