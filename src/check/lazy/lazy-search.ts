import { NO_RETURN } from "../../history/op.ts";
import { indexesByRank } from "../register/sort.ts";
import type { Limits, Outcome } from "../search.ts";
import { Nogoods } from "./nogoods.ts";
import { BEFORE, NOW, Options, servedAfter } from "./options.ts";
import { CAS, type RegisterOps, WRITE } from "./register-ops.ts";
import { PRESENT, Timeline } from "./timeline.ts";
import { windowOf } from "./window.ts";

/** Options between two looks at the clock. */
const STEPS_BETWEEN_LOOKS = 256;
/** So many steps without progress, and again after twice as many, the latest operations are searched alone. */
const STEPS_ALONE = 4096;
/** How many of them, from and to; and how many steps that may take. */
const ALONE_MIN = 8;
const ALONE_MAX = 512;
const ALONE_STEPS = 20_000;
/** With more values there are too many states to begin with. */
const ALONE_VALUES_MAX = 64;
/** No trail is being followed. */
const NONE = -4;
/** Numbers of a frame: mark, served, trail, options below it, options it had, and what was tried. */
const FRAME = 7;
/** What a number of a frame takes, with its copy among the best. */
const FRAME_NUMBER_BYTES = 16;

/**
 * Exact search for an order of operations on a register whose values repeat, refused compare-and-sets
 * among them. Completed operations are served in the order of their returns, and nothing takes effect
 * before it must: an operation that lies in no timeline yet (timeline.ts) when it returns is put there,
 * with no more than that takes (options.ts). If there is an order at all, there is one of this
 * kind: move each operation to the last return before which it must have happened, and what was
 * overwritten unseen to just before whatever overwrote it. So almost nothing is decided early, and
 * few decisions are wrong. Those that were are remembered (nogoods.ts).
 *
 * Exponential at worst. With five values and a third of CAS it decides 500,000 operations a second.
 */
export function lazySearch(o: RegisterOps, limits: Limits): Outcome {
  return new LazySearch(o, limits).run();
}

class LazySearch {
  readonly #o: RegisterOps;
  readonly #limits: Limits;
  readonly #timeline: Timeline;
  readonly #options: Options;
  readonly #nogoods: Nogoods;
  readonly #byReturn: Int32Array;
  /** How many of them are served, and the growing point of the trail that will serve the next. */
  #served = 0;
  #trail = NONE;
  /** By operation: the node after which a read was served. */
  readonly #after: Int32Array;
  readonly #frames: number[] = [];
  /** The frames when most were served, how many numbers of them are still the same, and how many were served. */
  readonly #best: number[] = [];
  #shared = 0;
  #bestServed = -1;
  /** Steps since then, and after how many the latest operations are searched alone. */
  #fruitless = 0;
  #nextAlone = STEPS_ALONE;

  constructor(o: RegisterOps, limits: Limits) {
    this.#o = o;
    this.#limits = limits;
    const { count, ret } = o;
    const completed = ret.reduce((sum, rank) => sum + (rank === NO_RETURN ? 0 : 1), 0);
    this.#byReturn = indexesByRank(ret.subarray(0, count)).subarray(0, completed);
    this.#timeline = new Timeline(o);
    this.#options = new Options(o, this.#timeline);
    this.#nogoods = new Nogoods(o, this.#timeline, this.#byReturn);
    this.#after = new Int32Array(o.count).fill(-1);
  }

  /** After `stepsMax` it is out of time. */
  run(stepsMax = Infinity): Outcome {
    for (let steps = 0; ; steps++) {
      this.#advance();
      if (this.#served === this.#byReturn.length) {
        return { kind: "legal", witness: this.#order() };
      }
      if (steps % STEPS_BETWEEN_LOOKS === 0) {
        const limit = steps >= stepsMax ? "time" : this.#exhausted();
        if (limit !== null) return { kind: "unknown", limit, prefix: this.#bestOrder() };
      }
      this.#pushFrame();
      const isAlone = stepsMax !== Infinity;
      if ((!isAlone && this.#isRefutedAlone()) || !this.#toUntried()) {
        return { kind: "illegal", stuck: this.#byReturn[this.#bestServed]! };
      }
      const where = this.#options.pop();
      this.#try(this.#options.pop(), where);
    }
  }

  /**
   * Whether the operation that cannot be served and those that returned just before it are illegal by
   * themselves, whatever came before: then nothing needs to be tried there.
   */
  #isRefutedAlone(): boolean {
    if (this.#fruitless < this.#nextAlone || this.#o.values > ALONE_VALUES_MAX) return false;
    this.#nextAlone *= 2;
    const end = this.#bestServed + 1;
    for (let size = ALONE_MIN; size <= ALONE_MAX && size < end; size *= 2) {
      const latest = this.#byReturn.subarray(end - size, end);
      let start = 0;
      while (start < this.#o.values) {
        const alone = new LazySearch(windowOf(this.#o, latest, start), this.#limits);
        if (alone.run(ALONE_STEPS).kind !== "illegal") break;
        start++;
      }
      if (start === this.#o.values) return true;
    }
    return false;
  }

  #exhausted(): "time" | "memory" | null {
    if (this.#limits.now() > this.#limits.deadlineMs) return "time";
    const bytes =
      this.#timeline.bytes + this.#nogoods.bytes + this.#frames.length * FRAME_NUMBER_BYTES;
    return bytes > this.#limits.memoryBytes ? "memory" : null;
  }

  /** Serves what the timeline serves already. */
  #advance(): void {
    for (; this.#served < this.#byReturn.length; this.#served++, this.#trail = NONE) {
      const next = this.#byReturn[this.#served]!;
      const node = servedAfter(this.#o, this.#timeline, next);
      if (node < 0) return;
      this.#after[next] = node;
    }
  }

  #pushFrame(): void {
    if (this.#served > this.#bestServed) this.#keepBest();
    else this.#fruitless++;
    const options = this.#options.length;
    const goal = this.#byReturn[this.#served]!;
    if (this.#trail !== NONE) this.#options.pushNext(this.#trail, goal);
    else if (!this.#nogoods.isHopeless(this.#served)) this.#options.pushFor(goal);
    const had = this.#options.length - options;
    this.#frames.push(this.#timeline.mark, this.#served, this.#trail, options, had, -1, NONE);
  }

  /** Back to the latest frame that has an option left; false if none has. */
  #toUntried(): boolean {
    for (; this.#frames.length > 0; this.#frames.length -= FRAME) {
      const base = this.#frames.length - FRAME;
      this.#timeline.undo(this.#frames[base]!);
      this.#served = this.#frames[base + 1]!;
      this.#trail = this.#frames[base + 2]!;
      if (this.#options.length > this.#frames[base + 3]!) return true;
      // Without a choice it failed as what led to it did.
      const hadChoice = this.#frames[base + 4]! > 2;
      if (hadChoice && this.#trail === NONE) this.#nogoods.add(this.#served);
    }
    return false;
  }

  #try(op: number, where: number): void {
    const base = this.#frames.length - FRAME;
    this.#frames[base + 5] = op;
    this.#frames[base + 6] = where;
    this.#shared = Math.min(this.#shared, base);
    this.#trail = this.#place(op, where);
  }

  /** Returns the growing point at which the operation is. */
  #place(op: number, where: number): number {
    const now = this.#o.ret[this.#byReturn[this.#served]!]!;
    if (where === NOW) this.#timeline.overwrite(op, now);
    else if (where === BEFORE) this.#timeline.putBefore(op);
    else this.#timeline.grow(where, op, now);
    return where === NOW ? PRESENT : where === BEFORE ? this.#timeline.ends - 1 : where;
  }

  /** Only what changed since the last time is copied. */
  #keepBest(): void {
    this.#bestServed = this.#served;
    this.#fruitless = 0;
    this.#nextAlone = STEPS_ALONE;
    this.#best.length = this.#shared;
    for (let i = this.#shared; i < this.#frames.length; i++) this.#best.push(this.#frames[i]!);
    this.#shared = this.#frames.length;
  }

  /** What was best is done once more: a read is served by what was there when it returned. */
  #bestOrder(): Int32Array {
    this.#timeline.undo(0);
    this.#served = 0;
    for (let base = 0; base < this.#best.length; base += FRAME) {
      this.#advance();
      this.#trail = this.#place(this.#best[base + 5]!, this.#best[base + 6]!);
    }
    this.#advance();
    return this.#order();
  }

  /** The timeline, and after each node what was served there, in order of call. */
  #order(): Int32Array {
    const { kind, count } = this.#o;
    const first = new Int32Array(count + 1).fill(-1);
    const next = new Int32Array(count).fill(-1);
    let length = 0;
    const served = new Uint8Array(count);
    for (let k = 0; k < this.#served; k++) served[this.#byReturn[k]!] = 1;
    for (let j = count - 1; j >= 0; j--) {
      if (served[j] === 0 || kind[j] === WRITE || kind[j] === CAS) continue;
      next[j] = first[this.#after[j]!]!;
      first[this.#after[j]!] = j;
    }
    const order = new Int32Array(count);
    this.#timeline.forEach((node) => {
      if (node < count) order[length++] = node;
      for (let j = first[node]!; j >= 0; j = next[j]!) order[length++] = j;
    });
    return order.subarray(0, length);
  }
}
