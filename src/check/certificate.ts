import type { Model } from "./model.ts";
import { isPending, type Operations } from "./operations.ts";

/** Steps that may go into explaining one gap, and the most pending operations in it. */
const GAP_STEPS_MAX = 2000;
const GAP_OPERATIONS_MAX = 6;

/**
 * The order in which the servers say the operations took effect, with pending operations put in
 * where the replay shows that one must have; null where that does not work out. Only a proposal:
 * isWitness says whether it proves anything, and if it does not, nothing is known.
 * O(n log n), and O(n) but for the sort.
 */
export function certificate<State, Op>(
  model: Model<State, Op>,
  o: Operations<Op>,
): Int32Array | null {
  const told = byOrder(o);
  if (told === null) return null;
  const pending: number[] = [];
  for (let i = 0; i < o.ops.length; i++) if (isPending(o, i)) pending.push(i);
  const gaps = new Gaps(model, o, pending);
  const order = new Int32Array(o.ops.length);
  let length = 0;
  let state = model.init;
  for (const place of told) {
    let next = model.step(state, o.ops[place]!);
    if (next === undefined) {
      const bridge = gaps.bridge(state, place);
      if (bridge === null) return null;
      for (const p of bridge) {
        state = model.maybe(state, o.ops[p]!);
        order[length++] = p;
      }
      next = model.step(state, o.ops[place]!);
      if (next === undefined) return null;
    }
    state = next;
    order[length++] = place;
  }
  return order.subarray(0, length);
}

/** Completed operations by `order`, those at one place by call; null if one has no place. */
function byOrder<Op>(o: Operations<Op>): Int32Array | null {
  const n = o.ops.length;
  let least = Infinity;
  let most = 0;
  let count = 0;
  for (let i = 0; i < n; i++) {
    if (isPending(o, i)) continue;
    const order = o.order[i]!;
    if (order === 0) return null;
    if (order < least) least = order;
    if (order > most) most = order;
    count++;
  }
  const places = new Int32Array(count);
  for (let i = 0, at = 0; i < n; i++) if (!isPending(o, i)) places[at++] = i;
  if (isSortedByInsertion(places, o.order)) return places;
  const fits = (most - least + 1) * n <= Number.MAX_SAFE_INTEGER;
  // Numbers sort natively: the place rides in the low digits of the order.
  const keys = new Float64Array(fits ? count : 0);
  if (!fits) return places.sort((a, b) => o.order[a]! - o.order[b]! || a - b);
  for (let at = 0; at < count; at++) keys[at] = (o.order[places[at]!]! - least) * n + places[at]!;
  keys.sort();
  for (let at = 0; at < count; at++) places[at] = keys[at]! % n;
  return places;
}

/** Moves by insertion, for each element, that cost no more than a sort of another kind. */
const MOVES_PER_ELEMENT = 8;

/**
 * Sorts places (ascending) by `order`, and those of one order by place; false if that takes too many
 * moves, and then they are permuted. Operations of few clients are nearly in order.
 */
function isSortedByInsertion(places: Int32Array, order: Float64Array): boolean {
  let moves = places.length * MOVES_PER_ELEMENT;
  for (let i = 1; i < places.length && moves >= 0; i++) {
    const place = places[i]!;
    const own = order[place]!;
    let at = i;
    for (; at > 0 && order[places[at - 1]!]! > own; at--) places[at] = places[at - 1]!;
    places[at] = place;
    moves -= i - at;
  }
  return moves >= 0;
}

/** Finds pending operations that explain why the state is not what an operation saw. */
class Gaps<State, Op> {
  readonly #model: Model<State, Op>;
  readonly #o: Operations<Op>;
  /** Not used yet, in order of call. */
  #unused: number[];
  readonly #identity: (place: number) => string | number;
  #steps = 0;

  constructor(model: Model<State, Op>, o: Operations<Op>, pending: number[]) {
    this.#model = model;
    this.#o = o;
    this.#unused = pending;
    this.#identity = (place) => model.identity?.(o.ops[place]!, true) ?? place;
  }

  /** The shortest sequence of pending operations after which `place` is legal; uses them up. */
  bridge(state: State, place: number): readonly number[] | null {
    this.#steps = 0;
    const most = Math.min(GAP_OPERATIONS_MAX, this.#unused.length);
    for (let depth = 1; depth <= most; depth++) {
      const found = this.#search(state, place, depth, []);
      if (found === null) continue;
      this.#unused = this.#unused.filter((p) => !found.includes(p));
      return found;
    }
    return null;
  }

  #search(state: State, place: number, depth: number, path: number[]): number[] | null {
    const { ops, call, ret } = this.#o;
    if (depth === 0) return this.#model.step(state, ops[place]!) === undefined ? null : [...path];
    if (this.#model.dead?.(state, ops[place]!)) return null;
    const tried = new Set<string | number>();
    for (const p of this.#unused) {
      if (call[p]! > ret[place]!) break;
      if (path.includes(p) || this.#steps++ > GAP_STEPS_MAX) continue;
      const identity = this.#identity(p);
      if (tried.has(identity)) continue;
      tried.add(identity);
      const next = this.#model.maybe(state, ops[p]!);
      if (next === state) continue;
      path.push(p);
      const found = this.#search(next, place, depth - 1, path);
      path.pop();
      if (found !== null) return found;
    }
    return null;
  }
}
