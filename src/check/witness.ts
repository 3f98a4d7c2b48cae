import type { Model } from "./model.ts";
import { isPending, type Operations } from "./operations.ts";

/**
 * Whether `order` (places in `o`) proves that `o` is linearizable: it holds every completed
 * operation once and pending ones at most once, never puts an operation after one that was called
 * later than it returned, and replays on the model from `start`. O(n), and all that a pass rests on.
 */
export function isWitness<State, Op>(
  model: Model<State, Op>,
  o: Operations<Op>,
  order: Int32Array,
  start: State = model.init,
): boolean {
  const used = new Uint8Array(o.ops.length);
  let completed = 0;
  let latestCall = -1;
  let state = start;
  for (let i = 0; i < order.length; i++) {
    const place = order[i]!;
    if (used[place] !== 0) return false;
    used[place] = 1;
    if (o.ret[place]! < latestCall) return false;
    latestCall = Math.max(latestCall, o.call[place]!);
    if (isPending(o, place)) {
      state = model.maybe(state, o.ops[place]!);
    } else {
      completed++;
      const next = model.step(state, o.ops[place]!);
      if (next === undefined) return false;
      state = next;
    }
  }
  for (let i = 0; i < o.ops.length; i++) if (!isPending(o, i)) completed--;
  return completed === 0;
}
