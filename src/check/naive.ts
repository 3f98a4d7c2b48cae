import type { Model } from "./model.ts";
import { isPending, type Operations } from "./operations.ts";

/** More operations than this may take too long: it tries every order. */
export const NAIVE_OPERATIONS_MAX = 11;
/** What is left is a set of bits. */
const BITS_MAX = 30;

/**
 * Whether `o` is linearizable from `start`, by trying every order: too slow for use, too simple to
 * be wrong. What the other checkers are tested against, and what re-checks a small core. All it
 * remembers is which operations were left, in which state, when nothing fitted: what came before
 * makes no difference to that. Throws RangeError for more than 30 operations.
 */
export function naive<State, Op>(
  model: Model<State, Op>,
  o: Operations<Op>,
  start: State = model.init,
): boolean {
  const count = o.ops.length;
  if (count > BITS_MAX) throw new RangeError(`${count} operations are too many to try every order`);
  return isLegal({ model, o, failed: new Map() }, start, 2 ** count - 1);
}

type Trial<State, Op> = {
  readonly model: Model<State, Op>;
  readonly o: Operations<Op>;
  /** By state: what was left when no order of it was legal. */
  readonly failed: Map<State, Set<number>>;
};

/** Whether the operations whose bits are in `rest` fit some order from `state` on. */
function isLegal<State, Op>(trial: Trial<State, Op>, state: State, rest: number): boolean {
  const { model, o, failed } = trial;
  if (failed.get(state)?.has(rest)) return false;
  const firstReturn = firstReturnOf(o, rest);
  if (firstReturn === Infinity) return true;
  for (let i = 0; i < o.ops.length; i++) {
    if ((rest & (1 << i)) === 0 || o.call[i]! > firstReturn) continue;
    const op = o.ops[i]!;
    const next = isPending(o, i) ? model.maybe(state, op) : model.step(state, op);
    if (next !== undefined && isLegal(trial, next, rest & ~(1 << i))) return true;
  }
  const others = failed.get(state);
  if (others === undefined) failed.set(state, new Set([rest]));
  else others.add(rest);
  return false;
}

/** When the first of the completed operations in `rest` returned; Infinity: there is none. */
function firstReturnOf<Op>(o: Operations<Op>, rest: number): number {
  let first = Infinity;
  for (let i = 0; i < o.ops.length; i++) {
    if ((rest & (1 << i)) !== 0 && !isPending(o, i) && o.ret[i]! < first) first = o.ret[i]!;
  }
  return first;
}
