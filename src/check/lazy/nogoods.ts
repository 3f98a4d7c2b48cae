import { NO_RETURN } from "../../history/op.ts";
import { servedAfter } from "./options.ts";
import { CAS, type RegisterOps, WRITE } from "./register-ops.ts";
import type { Timeline } from "./timeline.ts";

/** What decides which of the operations not served yet can be added to a timeline. */
type Shape = {
  /** The last overwriting, as the latest call of an open operation that it could let in. */
  readonly overwrittenAt: number;
  /** Bits over the open operations: observers served, and writes placed. */
  readonly seen: Int32Array;
  readonly placed: Int32Array;
  /** Loose ends that an open CAS can go to, as value and time (a call as above), both in order. */
  readonly ends: Int32Array;
  /** Pending operations placed, ascending. */
  readonly used: Int32Array;
};

/** What a shape costs beside its numbers, about. */
const SHAPE_BYTES = 400;

/**
 * Timelines that cannot be completed, by how many operations they had served. Another one is as
 * hopeless if it can do no more. Of the same present value and with the same CAS placed, one can do
 * no more than another that
 * - was overwritten as late, has served the same observers, and has a loose end for each of its own, as late,
 * - and used none of the pending operations, and placed none of the writes, that it did not; where it
 *   placed more writes the other can still put these before its last overwriting, unseen.
 * Times count only by which operations they let in. Open are those called before and not returned.
 */
export class Nogoods {
  readonly #o: RegisterOps;
  readonly #t: Timeline;
  readonly #byReturn: Int32Array;
  /** By number served: the first operation that was not returned by then. */
  readonly #firstOpen: Int32Array;
  readonly #pending: number[] = [];
  readonly #open = new Map<number, Int32Array>();
  readonly #shapes = new Map<string, Shape[]>();
  #bytes = 0;

  constructor(o: RegisterOps, t: Timeline, byReturn: Int32Array) {
    this.#o = o;
    this.#t = t;
    this.#byReturn = byReturn;
    this.#firstOpen = new Int32Array(byReturn.length);
    let first = o.count;
    for (let k = byReturn.length - 1; k >= 0; k--) {
      first = Math.min(first, byReturn[k]!);
      this.#firstOpen[k] = first;
    }
    for (let j = 0; j < o.count; j++) if (o.ret[j] === NO_RETURN) this.#pending.push(j);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether the timeline, which has served so many operations, is one of these or as hopeless. */
  isHopeless(served: number): boolean {
    const open = this.#open.get(served);
    if (open === undefined) return false;
    const known = this.#shapes.get(this.#key(served, open));
    if (known === undefined) return false;
    const shape = this.#shapeOf(open);
    return known.some((hopeless) => this.#canDoNoMore(shape, hopeless, open));
  }

  add(served: number): void {
    let open = this.#open.get(served);
    if (open === undefined) {
      open = this.#openAt(served);
      this.#open.set(served, open);
      this.#bytes += open.byteLength + SHAPE_BYTES;
    }
    const key = this.#key(served, open);
    const shape = this.#shapeOf(open);
    const known = this.#shapes.get(key);
    if (known === undefined) this.#shapes.set(key, [shape]);
    else known.push(shape);
    const { seen, placed, ends, used } = shape;
    const numbers = seen.length + placed.length + ends.length + used.length;
    this.#bytes += numbers * 4 + SHAPE_BYTES;
  }

  #openAt(served: number): Int32Array {
    const { call, ret, count } = this.#o;
    const now = ret[this.#byReturn[served]!]!;
    const open: number[] = [];
    for (let j = this.#firstOpen[served]!; j < count && call[j]! < now; j++) {
      if (ret[j]! >= now && ret[j] !== NO_RETURN) open.push(j);
    }
    return Int32Array.from(open);
  }

  #key(served: number, open: Int32Array): string {
    let key = `${served} ${this.#t.state}`;
    for (const j of open) if (this.#o.kind[j] === CAS && this.#t.isPlaced(j)) key += ` ${j}`;
    return key;
  }

  #shapeOf(open: Int32Array): Shape {
    const { kind } = this.#o;
    const words = (open.length + 31) >> 5;
    const seen = new Int32Array(words);
    const placed = new Int32Array(words);
    const used: number[] = [];
    const waiting: number[] = [];
    for (let i = 0; i < open.length; i++) {
      const j = open[i]!;
      if (servedAfter(this.#o, this.#t, j) < 0) waiting.push(j);
      else if (kind[j] === WRITE) placed[i >> 5]! |= 1 << i;
      else if (kind[j] !== CAS) seen[i >> 5]! |= 1 << i;
    }
    for (const j of this.#pending) (this.#t.isPlaced(j) ? used : waiting).push(j);
    return {
      overwrittenAt: this.#latestCall(waiting, this.#t.overwrittenAt),
      ...{ seen, placed, used: Int32Array.from(used) },
      ends: this.#ends(waiting),
    };
  }

  /** The latest call before `time` of operations that wait, or −1. */
  #latestCall(waiting: readonly number[], time: number): number {
    let latest = -1;
    for (const j of waiting) {
      const call = this.#o.call[j]!;
      if (call < time && call > latest) latest = call;
    }
    return latest;
  }

  #ends(waiting: readonly number[]): Int32Array {
    const { call, from, kind } = this.#o;
    const t = this.#t;
    const cas = waiting.filter((j) => kind[j] === CAS);
    const first = cas.reduce((least, j) => Math.min(least, call[j]!), NO_RETURN);
    const ends: [value: number, time: number][] = [];
    for (let end = t.ends - 1; end >= 0 && t.endTime(end) > first; end--) {
      const [value, time] = [t.endValue(end), t.endTime(end)];
      if (!cas.some((j) => from[j] === value && call[j]! < time)) continue;
      ends.push([value, this.#latestCall(waiting, time)]);
    }
    ends.sort((a, b) => a[0] - b[0] || b[1] - a[1]);
    return Int32Array.from(ends.flat());
  }

  #canDoNoMore(shape: Shape, hopeless: Shape, open: Int32Array): boolean {
    if (hopeless.overwrittenAt < shape.overwrittenAt) return false;
    for (let w = 0; w < shape.seen.length; w++) {
      if ((shape.seen[w]! & ~hopeless.seen[w]!) !== 0) return false;
      if ((hopeless.placed[w]! & ~shape.placed[w]!) !== 0) return false;
      let more = shape.placed[w]! & ~hopeless.placed[w]!;
      for (; more !== 0; more &= more - 1) {
        const i = w * 32 + 31 - Math.clz32(more & -more);
        if (this.#o.call[open[i]!]! > hopeless.overwrittenAt) return false;
      }
    }
    return isSubset(hopeless.used, shape.used) && hasEndForEach(shape.ends, hopeless.ends);
  }
}

/** Whether `others` has for each of `ends` one of its own, of the same value and as late. */
function hasEndForEach(ends: Int32Array, others: Int32Array): boolean {
  let o = 0;
  for (let i = 0; i < ends.length; i += 2, o += 2) {
    while (o < others.length && others[o]! < ends[i]!) o += 2;
    if (others[o] !== ends[i] || others[o + 1]! < ends[i + 1]!) return false;
  }
  return true;
}

/** Both ascending. */
function isSubset(part: Int32Array, whole: Int32Array): boolean {
  let at = 0;
  for (const j of part) {
    while (at < whole.length && whole[at]! < j) at++;
    if (whole[at] !== j) return false;
  }
  return true;
}
