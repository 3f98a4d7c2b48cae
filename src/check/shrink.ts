import { certificate } from "./certificate.ts";
import type { Model } from "./model.ts";
import { naive, NAIVE_OPERATIONS_MAX } from "./naive.ts";
import { isPending, type Operations, select } from "./operations.ts";
import { type Limits, search } from "./search.ts";
import { isWitness } from "./witness.ts";

/**
 * The places of a few completed operations that suffice to show that `o`, which is illegal, is:
 * even if every other write did as it liked, and no other read is believed (coreAlone), they fit
 * no order. As few as the limits allow to find; what is returned is always proof. `stuck` is where
 * the search that found `o` illegal got stuck.
 */
export function shrink<State, Op>(
  model: Model<State, Op>,
  o: Operations<Op>,
  stuck: number,
  limits: Limits,
): readonly number[] {
  const prefix = shortestPrefix(model, o, stuck, limits);
  const pair = orderedPair(model, o, prefix, limits);
  if (pair !== null) return pair;
  const window = shortestWindow(model, o, prefix, limits);
  return smallestOf(model, o, window, limits);
}

/** As many bars as a person can take in at once: a core of no more is small enough. */
const SMALL = 6;

/**
 * What is left depends on what is dropped first: other orders are tried while the core is large. No
 * operation of any of them can be spared.
 */
function smallestOf<State, Op>(
  model: Model<State, Op>,
  o: Operations<Op>,
  claim: Claim<State>,
  limits: Limits,
): readonly number[] {
  const writesFirst = (a: number, b: number): number =>
    Number(model.observes(o.ops[a]!)) - Number(model.observes(o.ops[b]!)) || a - b;
  const escaped: ReadonlySet<number>[] = [];
  let best = dropOperations(model, o, claim, limits, escaped);
  for (const core of [
    claim.core.toReversed(),
    claim.core.toSorted(writesFirst),
    claim.core.toSorted((a, b) => writesFirst(b, a)),
  ]) {
    if (best.length <= SMALL || limits.now() > limits.deadlineMs) break;
    const found = dropOperations(model, o, { ...claim, core }, limits, escaped);
    if (found.length < best.length) best = found;
  }
  return best.toSorted((a, b) => a - b);
}

/**
 * What is left of `o` when only the results of `core` are believed: the other writes happened, with
 * whatever result, and the other observations are gone.
 */
export function coreAlone<State, Op>(
  model: Model<State, Op>,
  o: Operations<Op>,
  core: readonly Op[],
): { readonly model: Model<State, Op>; readonly operations: Operations<Op> } {
  const believed = new Set(core);
  const places = [...o.ops.keys()].filter((i) => believed.has(o.ops[i]!) || mayWrite(model, o, i));
  return {
    model: {
      init: model.init,
      step: (state, op) => (believed.has(op) ? model.step(state, op) : model.maybe(state, op)),
      maybe: (state, op) => model.maybe(state, op),
      observes: (op) => believed.has(op) && model.observes(op),
    },
    operations: select(o, places, (place) => isPending(o, place)),
  };
}

/** A claim: these completed operations cannot be ordered, even if `others` are free to help. */
type Claim<State> = {
  readonly core: readonly number[];
  /** Writes that are neither in the core nor over before it begins. */
  readonly others: readonly number[];
  readonly starts: readonly State[];
};

function holds<State, Op>(
  model: Model<State, Op>,
  o: Operations<Op>,
  claim: Claim<State>,
  limits: Limits,
): boolean {
  return escapeOf(model, o, claim, limits) === null;
}

/** Of the states to start in one from which the claim is not shown; null: it holds. */
function escapeOf<State, Op>(
  model: Model<State, Op>,
  o: Operations<Op>,
  claim: Claim<State>,
  limits: Limits,
): { readonly start: State } | null {
  const core = new Set(claim.core);
  const places = [...claim.core, ...claim.others].sort((a, b) => a - b);
  const part = select(o, places, (place) => !core.has(place));
  const order = claim.starts.includes(model.init) ? certificate(model, part) : null;
  if (order !== null && isWitness(model, part, order)) return { start: model.init };
  for (const start of claim.starts) {
    if (search(model, part, limits, start).kind !== "illegal") return { start };
  }
  return null;
}

/** The shortest prefix, in order of return, that is illegal: then all longer ones are. */
function shortestPrefix<State, Op>(
  model: Model<State, Op>,
  o: Operations<Op>,
  stuck: number,
  limits: Limits,
): Claim<State> {
  const byReturn = [...o.ops.keys()].filter((i) => !isPending(o, i));
  byReturn.sort((a, b) => o.ret[a]! - o.ret[b]!);
  const prefix = (count: number): Claim<State> => {
    const end = o.ret[byReturn[count - 1]!]!;
    const core: number[] = [];
    const others: number[] = [];
    for (let i = 0; i < o.ops.length && o.call[i]! < end; i++) {
      if (o.ret[i]! <= end) core.push(i);
      else if (mayWrite(model, o, i)) others.push(i);
    }
    return { core, others, starts: [model.init] };
  };
  // What returned before `stuck` is legal, and the end is mostly near: double the step, then halve.
  let legal = byReturn.indexOf(stuck);
  let illegal = byReturn.length;
  let isBracketed = false;
  for (let step = 1; illegal - legal > 1;) {
    const next = isBracketed ? (legal + illegal) >> 1 : Math.min(legal + step, illegal - 1);
    if (holds(model, o, prefix(next), limits)) {
      illegal = next;
      isBracketed = true;
    } else {
      legal = next;
      step *= 2;
    }
  }
  return prefix(illegal);
}

/** How many operations are tried as the other half of a pair. */
const PAIRS_MAX = 64;

/**
 * The operation that made the prefix illegal and one that returned before it began, if they suffice:
 * the easiest to explain of all cores. Null if no recent one does.
 */
function orderedPair<State, Op>(
  model: Model<State, Op>,
  o: Operations<Op>,
  prefix: Claim<State>,
  limits: Limits,
): readonly number[] | null {
  const last = prefix.core.reduce((a, b) => (o.ret[a]! > o.ret[b]! ? a : b));
  const before = prefix.core.filter((i) => o.ret[i]! < o.call[last]!);
  before.sort((a, b) => o.ret[b]! - o.ret[a]!);
  for (const first of before.slice(0, PAIRS_MAX)) {
    const pair = windowOf(model, o, prefix, [first, last]);
    if (pair !== null && holds(model, o, pair, limits)) return pair.core;
  }
  return null;
}

/**
 * The last operations of the prefix alone, if they are illegal from every state that the ones
 * before could have left: tried with twice as many each time.
 */
function shortestWindow<State, Op>(
  model: Model<State, Op>,
  o: Operations<Op>,
  prefix: Claim<State>,
  limits: Limits,
): Claim<State> {
  for (let size = 2; size < prefix.core.length; size *= 2) {
    const window = windowOf(model, o, prefix, prefix.core.slice(-size));
    if (window === null) return prefix;
    if (holds(model, o, window, limits)) return window;
    if (limits.now() > limits.deadlineMs) return prefix;
  }
  return prefix;
}

/**
 * The claim that `core`, part of the prefix's, is illegal whatever the state was when the first of
 * it began: writes that had returned by then can only show in that state. Null: no such claim.
 */
function windowOf<State, Op>(
  model: Model<State, Op>,
  o: Operations<Op>,
  prefix: Claim<State>,
  core: readonly number[],
): Claim<State> | null {
  const begin = o.call[core[0]!]!;
  const free = (i: number): boolean =>
    o.ret[i]! > begin && mayWrite(model, o, i) && !core.includes(i);
  const others = [...prefix.core, ...prefix.others].filter(free);
  const opsAt = (places: readonly number[]): readonly Op[] => places.map((i) => o.ops[i]!);
  const starts = model.starts?.(opsAt(core), opsAt(others)) ?? null;
  return starts === null ? null : { core, others, starts };
}

/**
 * Whether `core` fits no order whatever the state was when the first of it was called: what had
 * returned by then can only show in that state, and what was called after all of it not at all.
 * False: it fits, or that is not known. Few operations are tried in every order, more searched.
 */
export function refutedFromAnyState<State, Op>(
  model: Model<State, Op>,
  o: Operations<Op>,
  core: readonly number[],
  limits: Limits,
): boolean {
  const own = core.filter((i) => !isPending(o, i)).sort((a, b) => a - b);
  if (own.length === 0) return false;
  const begin = o.call[own[0]!]!;
  const end = Math.max(...own.map((i) => o.ret[i]!));
  const inCore = new Set(own);
  const places: number[] = [];
  for (let i = 0; i < o.ops.length && o.call[i]! < end; i++) {
    if (inCore.has(i) || (o.ret[i]! > begin && mayWrite(model, o, i))) places.push(i);
  }
  const opsAt = (chosen: readonly number[]): readonly Op[] => chosen.map((i) => o.ops[i]!);
  const others = places.filter((place) => !inCore.has(place));
  const starts = model.starts?.(opsAt(own), opsAt(others)) ?? null;
  if (starts === null) return false;
  const part = select(o, places, (place) => !inCore.has(place));
  const isFew = places.length <= NAIVE_OPERATIONS_MAX;
  return starts.every((start) =>
    isFew ? !naive(model, part, start) : search(model, part, limits, start).kind === "illegal",
  );
}

/**
 * Takes operations out of the core, halves first and then ever smaller pieces, while it holds.
 * `escaped`: cores that were found not to hold, others being all else of the claim; no part of one holds.
 */
function dropOperations<State, Op>(
  model: Model<State, Op>,
  o: Operations<Op>,
  claim: Claim<State>,
  limits: Limits,
  escaped: ReadonlySet<number>[],
): readonly number[] {
  const mayHold = (part: readonly number[]): boolean =>
    part.length > 0 && !escaped.some((whole) => part.every((place) => whole.has(place)));
  let { core, others, starts } = claim;
  for (let size = Math.ceil(core.length / 2); size >= 1; size = size === 1 ? 0 : size >> 1) {
    for (let from = 0; from < core.length && core.length > 1;) {
      if (limits.now() > limits.deadlineMs) return core;
      const dropped = core.slice(from, from + size);
      const freed = dropped.filter((i) => mayWrite(model, o, i));
      const less = {
        core: core.toSpliced(from, size),
        others: [...others, ...freed],
        starts,
      };
      const isOpen = mayHold(less.core);
      const escape = isOpen ? escapeOf(model, o, less, limits) : null;
      if (isOpen && escape === null) ({ core, others } = less);
      else from += size;
      if (escape === null) continue;
      escaped.push(new Set(less.core));
      // From where one claim was not shown the next is mostly not either.
      starts = [escape.start, ...starts.filter((start) => start !== escape.start)];
    }
  }
  return core;
}

/** What only observes, or was refused, changes nothing when its result is forgotten: leave it out. */
const mayWrite = <State, Op>(model: Model<State, Op>, o: Operations<Op>, i: number): boolean =>
  !model.observes(o.ops[i]!);
