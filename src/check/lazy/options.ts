import { CAS, READ, REFUSED, type RegisterOps, WRITE } from "./register-ops.ts";
import { PRESENT, type Timeline } from "./timeline.ts";

/** Where an operation goes: a growing point (PRESENT or a loose end), or for a write one of these. */
export const BEFORE = -2;
export const NOW = -3;

/** No way leads from the value to the goal. */
const FAR = 0x3fff_ffff;

/**
 * The ways to serve an operation whose return has come, as a stack of pairs: what to place, and
 * where. The best of those pushed last lies on top.
 *
 * A way is a trail: a write, or a growing point that is there already, and from its value on one CAS
 * after the other until the goal is reached. Nothing else helps, and what does not help now can wait:
 * whatever could be placed at this return can be at a later one, or at a loose end. Only what returns
 * to a value that the trail is about to leave cannot wait; so all trails are tried, not only short ones.
 */
export class Options {
  readonly #o: RegisterOps;
  readonly #t: Timeline;
  readonly #stack: number[] = [];
  /** Unplaced CAS that had been called. */
  readonly #cas: number[] = [];
  /** By value: how many CAS lead from it to the goal; and which values are not FAR. */
  readonly #distance: Int32Array;
  readonly #near: number[] = [];

  constructor(o: RegisterOps, t: Timeline) {
    this.#o = o;
    this.#t = t;
    this.#distance = new Int32Array(o.values).fill(FAR);
  }

  get length(): number {
    return this.#stack.length;
  }

  pop(): number {
    return this.#stack.pop()!;
  }

  /** First steps of all trails that serve `goal`, which is not served yet. */
  pushFor(goal: number): void {
    const { kind, call, ret } = this.#o;
    const t = this.#t;
    const now = ret[goal]!;
    if (kind[goal] === WRITE) {
      // Before, it keeps the present value; now, it lets in all that was called by now.
      if (call[goal]! < t.overwrittenAt) this.#stack.push(goal, BEFORE);
      this.#stack.push(goal, NOW);
      return;
    }
    this.#measure(goal, now);
    this.#pushCas(PRESENT, goal, now);
    for (let end = t.ends - 1; end >= 0 && t.endTime(end) > call[goal]!; end--) {
      this.#pushCas(end, goal, t.endTime(end));
    }
    // On top: a write is never in need of anything, so a CAS is the more precious.
    this.#pushWrites(goal, now);
  }

  /** The next steps of a trail to `goal` that has come to the growing point `point`. */
  pushNext(point: number, goal: number): void {
    const now = this.#o.ret[goal]!;
    this.#measure(goal, now);
    this.#pushCas(point, goal, point === PRESENT ? now : this.#t.endTime(point));
  }

  /** Distances to the goal: to where a CAS begins or a read finds its value, or away from a value. */
  #measure(goal: number, now: number): void {
    const { kind, from, to, values } = this.#o;
    const distance = this.#distance;
    for (const value of this.#near) distance[value] = FAR;
    this.#near.length = 0;
    this.#t.collectCas(now, this.#cas);
    const reach = (value: number, far: number): boolean => {
      if (distance[value]! <= far) return false;
      if (distance[value] === FAR) this.#near.push(value);
      distance[value] = far;
      return true;
    };
    if (kind[goal] !== REFUSED) reach(from[goal]!, 0);
    else for (let v = 0; v < values; v++) if (v !== from[goal]) reach(v, 0);
    for (let again = true; again;) {
      again = false;
      for (const j of this.#cas) {
        const far = distance[to[j]!]! + 1;
        if (far < FAR && reach(from[j]!, far)) again = true;
      }
    }
  }

  /** Writes to begin a trail with, the nearest on top; of equally near ones rather now. */
  #pushWrites(goal: number, now: number): void {
    const t = this.#t;
    const past = t.overwrittenAt;
    const near = this.#near.toSorted((a, b) => this.#distance[b]! - this.#distance[a]!);
    for (const value of near) {
      const before = past > this.#o.call[goal]! ? t.writer(value, past) : -1;
      if (before >= 0) this.#stack.push(before, BEFORE);
      const write = t.writer(value, now);
      if (write >= 0) this.#stack.push(write, NOW);
    }
  }

  /** CAS that can go to a growing point, called before `time`, and still lead to the goal. */
  #pushCas(point: number, goal: number, time: number): void {
    const { call, from, to } = this.#o;
    const t = this.#t;
    const value = point === PRESENT ? t.state : t.endValue(point);
    if (this.#distance[value]! === FAR) return;
    const first = this.#stack.length;
    for (const j of this.#cas) {
      if (from[j] !== value || call[j]! >= time) continue;
      if (j === goal || this.#distance[to[j]!]! < FAR) this.#pushTwin(j, point, first);
    }
    this.#bestToTop(goal, first);
  }

  /**
   * Of two CAS alike the first to return is placed: the other can do later whatever it could have
   * done. But for one thing: a loose end that closed between their calls. Then both are tried, unless the
   * one called later is also the first to return.
   */
  #pushTwin(j: number, point: number, first: number): void {
    const { call, ret, to } = this.#o;
    for (let at = first; at < this.#stack.length;) {
      const other = this.#stack[at]!;
      const [early, late] = call[j]! < call[other]! ? [j, other] : [other, j];
      if (to[other] !== to[j]) at += 2;
      else if (ret[late]! > ret[early]! && this.#t.hasEndWithin(call[early]!, call[late]!)) at += 2;
      else if ((ret[late]! <= ret[early]! ? late : early) === other) return;
      else this.#stack.splice(at, 2);
    }
    this.#stack.push(j, point);
  }

  #bestToTop(goal: number, first: number): void {
    const stack = this.#stack;
    const far = (j: number): number => (j === goal ? -1 : this.#distance[this.#o.to[j]!]!);
    const top = stack.length - 2;
    for (let at = first; at < top; at += 2) {
      if (far(stack[at]!) >= far(stack[top]!)) continue;
      const kept = stack[at]!;
      stack[at] = stack[top]!;
      stack[top] = kept;
    }
  }
}

/** The node after which operation j can go as the timeline is, −1 if nowhere: READ, REFUSED or CAS, WRITE. */
export function servedAfter(o: RegisterOps, t: Timeline, j: number): number {
  switch (o.kind[j]) {
    case READ:
      return t.nodeShowing(o.from[j]!, o.call[j]!);
    case REFUSED:
      return t.nodeNotShowing(o.from[j]!, o.call[j]!);
    case WRITE:
    case CAS:
      return t.isPlaced(j) ? j : -1;
    default:
      return t.last;
  }
}
