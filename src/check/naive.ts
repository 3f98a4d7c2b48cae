import type { Model } from "./model.ts";
import { isPending, type Operations } from "./operations.ts";

/** More operations than this take too long: it tries every order. */
export const NAIVE_OPERATIONS_MAX = 9;

/**
 * Whether `o` is linearizable from `start`, by trying every order: too slow for use, too simple to
 * be wrong. What the other checkers are tested against, and what re-checks a small core.
 */
export function naive<State, Op>(
  model: Model<State, Op>,
  o: Operations<Op>,
  start: State = model.init,
): boolean {
  return legalFrom(model, o, start, new Set(o.ops.keys()));
}

function legalFrom<State, Op>(
  model: Model<State, Op>,
  o: Operations<Op>,
  state: State,
  rest: ReadonlySet<number>,
): boolean {
  const completed = [...rest].filter((i) => !isPending(o, i));
  if (completed.length === 0) return true;
  const firstReturn = Math.min(...completed.map((i) => o.ret[i]!));
  for (const i of rest) {
    if (o.call[i]! > firstReturn) continue;
    const op = o.ops[i]!;
    const next = isPending(o, i) ? model.maybe(state, op) : model.step(state, op);
    if (next === undefined) continue;
    if (legalFrom(model, o, next, new Set([...rest].filter((j) => j !== i)))) return true;
  }
  return false;
}
