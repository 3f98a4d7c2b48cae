import { Frontier } from "./frontier.ts";
import { lazySearch } from "./lazy/lazy-search.ts";
import { registerOps } from "./lazy/register-ops.ts";
import type { Model } from "./model.ts";
import { Needs } from "./needs.ts";
import { isPending, type Operations } from "./operations.ts";
import { Visited } from "./visited.ts";

/** When to give up. `now` is the caller's clock, in milliseconds. */
export type Limits = {
  readonly now: () => number;
  readonly deadlineMs: number;
  readonly memoryBytes: number;
};

export type Outcome =
  /** `witness`: places in an order that proves it (witness.ts). */
  | { readonly kind: "legal"; readonly witness: Int32Array }
  /**
   * `stuck`: place of an operation such that there is an order for all that returned before it did;
   * no such operation that returned later was met.
   */
  | { readonly kind: "illegal"; readonly stuck: number }
  /** `prefix`: the longest legal order that was found, as places; none that is left returned before it. */
  | { readonly kind: "unknown"; readonly limit: "time" | "memory"; readonly prefix: Int32Array };

/** Configurations between two looks at the clock. */
const STEPS_BETWEEN_LOOKS = 256;
/** What a state costs in a Map, about. */
const STATE_BYTES = 64;

/**
 * Exact search for a linearization (Wing and Gong 1993, Lowe 2017): depth first, over which
 * operation takes effect next. It is exponential at worst, so it is pruned:
 * - operations that only observe take effect as soon as they are legal;
 * - pending operations are tried last, and a configuration that used fewer of them dominates;
 * - of operations that no state can tell apart only one is tried;
 * - a state in which an enabled operation can never take effect any more is left at once;
 * - a value that is still needed is not left when nothing could bring it back.
 * Operations that are no more than a register's go to lazySearch, which decides less and later.
 */
export function search<State, Op>(
  model: Model<State, Op>,
  o: Operations<Op>,
  limits: Limits,
  start: State = model.init,
): Outcome {
  const register = registerOps(model, o, start);
  if (register !== null) return lazySearch(register, limits);
  return new Search(model, o, limits).run(start);
}

/** What a node of the search restores when it is left, and where its untried candidates begin. */
type Node<State> = {
  readonly trail: number;
  readonly state: State;
  readonly low: number;
  readonly high: number;
  readonly candidates: number;
};

/** Numbers for what the model says no state can tell apart, by number of the operation. */
function identities<State, Op>(
  model: Model<State, Op>,
  o: Operations<Op>,
  completed: readonly number[],
  pending: readonly number[],
): { readonly of: Int32Array; readonly count: number } {
  const ids = new Map<string, number>();
  const id = (key: string): number => {
    const known = ids.get(key) ?? ids.size;
    ids.set(key, known);
    return known;
  };
  const name = (place: number, isOpen: boolean): string =>
    (isOpen ? "?" : "") + (model.identity?.(o.ops[place]!, isOpen) ?? place);
  const of = Int32Array.from([
    ...completed.map((place) => id(name(place, false))),
    ...pending.map((place) => id(name(place, true))),
  ]);
  return { of, count: ids.size };
}

class Search<State, Op> {
  readonly #model: Model<State, Op>;
  readonly #o: Operations<Op>;
  readonly #limits: Limits;
  /** Places of the completed operations; numbers from #completed.length on are pending ones. */
  readonly #completed: number[] = [];
  readonly #pending: number[] = [];
  readonly #frontier: Frontier;
  readonly #ret: Int32Array;
  /** Of the completed ones: less is more urgent. */
  readonly #priority: Float64Array;
  /** Equal for operations that no state can tell apart. */
  readonly #identity: Int32Array;
  /** By identity: the round that last met it, and the operation that it met. */
  readonly #triedIn: Int32Array;
  readonly #tried: Int32Array;
  #round = 0;
  readonly #needs: Needs<State, Op> | null;
  readonly #visited = new Visited();
  readonly #stateIds = new Map<State, number>();
  /** Operations in the order in which they took effect. */
  readonly #trail: number[] = [];
  readonly #used: number[] = [];
  readonly #isUsed: Uint8Array;
  readonly #nodes: Node<State>[] = [];
  /** Untried candidates of all nodes, the next to try last. */
  readonly #candidates: number[] = [];
  #state: State;
  /** The trail when most completed operations were placed; so much of it is still that of now. */
  readonly #best: number[] = [];
  #shared = 0;
  #placedMax = -1;
  /** The last to return of the operations that were the first to return among the unplaced. */
  #stuck: number;

  constructor(model: Model<State, Op>, o: Operations<Op>, limits: Limits) {
    this.#model = model;
    this.#o = o;
    this.#limits = limits;
    for (let i = 0; i < o.ops.length; i++)
      (isPending(o, i) ? this.#pending : this.#completed).push(i);
    const pick = (column: Int32Array) =>
      Int32Array.from(this.#completed, (place) => column[place]!);
    this.#ret = pick(o.ret);
    this.#frontier = new Frontier(pick(o.call), this.#ret);
    const told = this.#completed.every((place) => o.order[place] !== 0);
    this.#priority = Float64Array.from(this.#completed, (place) =>
      told ? o.order[place]! : o.ret[place]!,
    );
    const ids = identities(model, o, this.#completed, this.#pending);
    this.#identity = ids.of;
    this.#triedIn = new Int32Array(ids.count);
    this.#tried = new Int32Array(ids.count);
    this.#isUsed = new Uint8Array(this.#pending.length);
    this.#stuck = this.#frontier.firstToReturn();
    const all = [...this.#completed, ...this.#pending].map((place) => o.ops[place]!);
    const { values } = model;
    this.#needs = values === undefined ? null : new Needs(values, all, this.#completed.length);
    this.#state = model.init;
  }

  run(start: State): Outcome {
    this.#state = start;
    this.#enter(0, start, 0, -1);
    for (let steps = 0; this.#frontier.remaining > 0; steps++) {
      const limit = steps % STEPS_BETWEEN_LOOKS === 0 ? this.#exhausted() : null;
      if (limit !== null) return { kind: "unknown", limit, prefix: this.#places(this.#best) };
      const node = this.#nodes.at(-1);
      if (node === undefined) return { kind: "illegal", stuck: this.#placeOf(this.#stuck) };
      if (this.#candidates.length === node.candidates) {
        this.#nodes.pop();
        this.#undo(node.trail, node.state, node.low, node.high);
      } else {
        this.#try(this.#candidates.pop()!);
      }
    }
    return { kind: "legal", witness: this.#places(this.#trail) };
  }

  #exhausted(): "time" | "memory" | null {
    if (this.#limits.now() > this.#limits.deadlineMs) return "time";
    const bytes = this.#visited.bytes + this.#stateIds.size * STATE_BYTES;
    return bytes > this.#limits.memoryBytes ? "memory" : null;
  }

  #places(trail: readonly number[]): Int32Array {
    return Int32Array.from(trail, (j) => this.#placeOf(j));
  }

  /** Only what changed since the last time is copied. */
  #keepBest(placed: number): void {
    this.#placedMax = placed;
    this.#best.length = this.#shared;
    for (let i = this.#shared; i < this.#trail.length; i++) this.#best.push(this.#trail[i]!);
    this.#shared = this.#trail.length;
  }

  #placeOf(j: number): number {
    const n = this.#completed.length;
    return j < n ? this.#completed[j]! : this.#pending[j - n]!;
  }

  #try(j: number): void {
    const { low, high } = this.#frontier;
    const trail = this.#trail.length;
    const state = this.#state;
    const op = this.#o.ops[this.#placeOf(j)]!;
    const n = this.#completed.length;
    if (j < n) {
      this.#state = this.#model.step(state, op)!;
      this.#frontier.place(j);
    } else {
      this.#state = this.#model.maybe(state, op);
      this.#isUsed[j - n] = 1;
      this.#used.push(j - n);
    }
    this.#trail.push(j);
    this.#needs?.take(j);
    if (this.#needs?.isLost(state, this.#state)) this.#undo(trail, state, low, high);
    else this.#enter(trail, state, low, high);
  }

  /** Makes a node of the configuration just reached, or goes back if nothing can come of it. */
  #enter(trail: number, state: State, low: number, high: number): void {
    this.#absorb();
    const placed = this.#completed.length - this.#frontier.remaining;
    if (placed > this.#placedMax) this.#keepBest(placed);
    if (this.#frontier.remaining === 0) return;
    const first = this.#frontier.firstToReturn();
    if (this.#ret[first]! > this.#ret[this.#stuck]!) this.#stuck = first;
    const candidates = this.#candidates.length;
    let id = this.#stateIds.get(this.#state);
    if (id === undefined) {
      id = this.#stateIds.size;
      this.#stateIds.set(this.#state, id);
    }
    if (this.#branch() && this.#visited.add(this.#frontier, id, this.#used, this.#isUsed)) {
      this.#nodes.push({ trail, state, low, high, candidates });
    } else {
      this.#candidates.length = candidates;
      this.#undo(trail, state, low, high);
    }
  }

  #undo(trail: number, state: State, low: number, high: number): void {
    const n = this.#completed.length;
    this.#shared = Math.min(this.#shared, trail);
    while (this.#trail.length > trail) {
      const j = this.#trail.pop()!;
      this.#needs?.giveBack(j);
      if (j < n) this.#frontier.unplace(j);
      else this.#isUsed[this.#used.pop()!] = 0;
    }
    this.#state = state;
    this.#frontier.low = low;
    this.#frontier.high = high;
  }

  /** Places every enabled operation that only observes and is legal, until there is none. */
  #absorb(): void {
    const f = this.#frontier;
    for (let again = true; again;) {
      again = false;
      const limit = f.firstReturn();
      for (let j = f.first(); f.isEnabled(j, limit); j = f.after(j)) {
        const op = this.#o.ops[this.#completed[j]!]!;
        if (!this.#model.observes(op) || this.#model.step(this.#state, op) === undefined) continue;
        f.place(j);
        this.#needs?.take(j);
        this.#trail.push(j);
        again = true;
      }
    }
  }

  /** Pushes what may come next, the best last; false if the state is a dead end. */
  #branch(): boolean {
    const f = this.#frontier;
    const from = this.#candidates.length;
    const limit = f.firstReturn();
    this.#round++;
    this.#branchPending(limit);
    const completedFrom = this.#candidates.length;
    for (let j = f.first(); f.isEnabled(j, limit); j = f.after(j)) {
      const op = this.#o.ops[this.#completed[j]!]!;
      if (this.#model.dead?.(this.#state, op)) return false;
      if (this.#model.step(this.#state, op) !== undefined) this.#insert(j, completedFrom);
    }
    return this.#candidates.length > from;
  }

  #branchPending(limit: number): void {
    const n = this.#completed.length;
    const from = this.#candidates.length;
    for (let p = 0; p < this.#pending.length; p++) {
      const place = this.#pending[p]!;
      if (this.#o.call[place]! > limit) break;
      if (this.#isUsed[p] === 1 || this.#twin(n + p) >= 0) continue;
      if (this.#model.maybe(this.#state, this.#o.ops[place]!) !== this.#state) {
        this.#candidates.push(n + p);
      }
    }
    // The earliest call last: it is tried first.
    for (let a = from, b = this.#candidates.length - 1; a < b; a++, b--) {
      const kept = this.#candidates[a]!;
      this.#candidates[a] = this.#candidates[b]!;
      this.#candidates[b] = kept;
    }
  }

  /** The first operation of this round that no state tells apart from j, or −1 if that is j. */
  #twin(j: number): number {
    const identity = this.#identity[j]!;
    if (this.#triedIn[identity] === this.#round) return this.#tried[identity]!;
    this.#triedIn[identity] = this.#round;
    this.#tried[identity] = j;
    return -1;
  }

  /** Into the candidates from `from` on, least urgent first. Of twins only the first to return. */
  #insert(j: number, from: number): void {
    const twin = this.#twin(j);
    if (twin >= 0) {
      if (this.#ret[twin]! <= this.#ret[j]!) return;
      this.#tried[this.#identity[j]!] = j;
      this.#candidates.splice(this.#candidates.indexOf(twin, from), 1);
    }
    let at = this.#candidates.length;
    for (; at > from && this.#priority[this.#candidates[at - 1]!]! < this.#priority[j]!; at--) {
      this.#candidates[at] = this.#candidates[at - 1]!;
    }
    this.#candidates[at] = j;
  }
}
