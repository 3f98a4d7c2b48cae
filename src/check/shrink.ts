import { certificate } from "./certificate.ts";
import type { Model } from "./model.ts";
import { isPending, type Operations, select } from "./operations.ts";
import { type Limits, search } from "./search.ts";
import { isWitness } from "./witness.ts";

/**
 * The places of a few completed operations that suffice to show that `o`, which is illegal, is:
 * even if every other write did as it liked, and no other read is believed (coreAlone), they fit
 * no order. As few as the limits allow to find; what is returned is always proof.
 */
export function shrink<State, Op>(
  model: Model<State, Op>,
  o: Operations<Op>,
  limits: Limits,
): readonly number[] {
  const prefix = shortestPrefix(model, o, limits);
  const window = shortestWindow(model, o, prefix, limits);
  return dropOperations(model, o, window, limits);
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
  const core = new Set(claim.core);
  const places = [...claim.core, ...claim.others].sort((a, b) => a - b);
  const part = select(o, places, (place) => !core.has(place));
  const order = claim.starts.includes(model.init) ? certificate(model, part) : null;
  if (order !== null && isWitness(model, part, order)) return false;
  return claim.starts.every((start) => search(model, part, limits, start).kind === "illegal");
}

/** The least set of first returns that is illegal already: linearizability is prefix-closed. */
function shortestPrefix<State, Op>(
  model: Model<State, Op>,
  o: Operations<Op>,
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
  let legal = 0;
  let illegal = byReturn.length;
  while (illegal - legal > 1) {
    const middle = (legal + illegal) >> 1;
    if (holds(model, o, prefix(middle), limits)) illegal = middle;
    else legal = middle;
  }
  return prefix(illegal);
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
    const core = prefix.core.slice(-size);
    const begin = o.call[core[0]!]!;
    const starts = model.starts?.(core.map((i) => o.ops[i]!)) ?? null;
    if (starts === null) return prefix;
    const concurrent = (i: number): boolean => o.ret[i]! > begin && mayWrite(model, o, i);
    const others = [...prefix.core.slice(0, -size), ...prefix.others].filter(concurrent);
    const window = { core, others, starts };
    if (holds(model, o, window, limits)) return window;
    if (limits.now() > limits.deadlineMs) return prefix;
  }
  return prefix;
}

/** Takes operations out of the core, halves first and then ever smaller pieces, while it holds. */
function dropOperations<State, Op>(
  model: Model<State, Op>,
  o: Operations<Op>,
  claim: Claim<State>,
  limits: Limits,
): readonly number[] {
  let { core, others } = claim;
  for (let size = Math.ceil(core.length / 2); size >= 1; size = size === 1 ? 0 : size >> 1) {
    for (let from = 0; from < core.length && core.length > 1;) {
      if (limits.now() > limits.deadlineMs) return core;
      const dropped = core.slice(from, from + size);
      const freed = dropped.filter((i) => mayWrite(model, o, i));
      const less = {
        core: core.toSpliced(from, size),
        others: [...others, ...freed],
        starts: claim.starts,
      };
      if (less.core.length > 0 && holds(model, o, less, limits)) ({ core, others } = less);
      else from += size;
    }
  }
  return core;
}

/** What only observes, or was refused, changes nothing when its result is forgotten: leave it out. */
const mayWrite = <State, Op>(model: Model<State, Op>, o: Operations<Op>, i: number): boolean =>
  !model.observes(o.ops[i]!);
