import { NO_RETURN } from "../../history/op.ts";

/** Refused puts by the version that they expect, those of each version in order of call. */
export type Refusals = {
  /** Version e: entries from[e] … from[e + 1] − 1. Versions above the last have none. */
  readonly from: Int32Array;
  readonly call: Int32Array;
  readonly ret: Int32Array;
};

/** Bounds on the moments t_0, t_1 … at which versions were made, both rising. */
export type Bounds = {
  readonly lo: readonly number[] | Int32Array;
  readonly hi: readonly number[] | Int32Array;
};

/** What comes after the last version: the least moment of one more, or null: there can be none. */
export type Extend = (last: number) => number | null;

export type Moments =
  | { readonly kind: "moments"; readonly t: Int32Array }
  /** No t_p is left; `since`: the last version before it that refusals did not restrict. */
  | { readonly kind: "stuck"; readonly version: number; readonly since: number };

/**
 * Chooses the moments of versions so that no put is refused wrongly: one that expected e, called at
 * a and returned at b, is right if the version was another at some moment between, t_e ≥ a or
 * t_{e+1} ≤ b. From t_p = x therefore
 *
 *   max(x, lo_{p+1})  ≤  t_{p+1}  ≤  min(hi_{p+1}, min { b : refused, expecting p, a > x })
 *
 * The feasible t_p are kept as pieces. The upper limit is a staircase in x with a step at each a, and
 * on one stair the least x allows the most: each stair gives one piece of t_{p+1}, and the pieces
 * before it do not matter otherwise. So there are as many pieces in all as versions and refused puts,
 * and each remembers the x that it comes from. After the last version that somebody saw, there need
 * not be another; `extend` gives more as long as refusals ask for one. O(n).
 */
export function momentsOf(bounds: Bounds, refusals: Refusals, extend: Extend): Moments {
  return new Pieces(bounds, refusals).run(extend);
}

/** Versions after the last that was seen come on top of what is known to be needed. */
function grown(array: Int32Array): Int32Array {
  const more = new Int32Array(array.length * 2);
  more.set(array);
  return more;
}

class Pieces {
  readonly #bounds: Bounds;
  readonly #refusals: Refusals;
  /** Pieces of version p: #first[p] … #first[p + 1] − 1; starts and ends rise. */
  #first: Int32Array;
  #start: Int32Array;
  #end: Int32Array;
  #origin: Int32Array;
  #count = 0;
  /** Scratch, by refused put and one more. */
  readonly #limit: Int32Array;
  /** The last version whose only piece is all that its bounds allow. */
  #whole = 0;

  constructor(bounds: Bounds, refusals: Refusals) {
    this.#bounds = bounds;
    this.#refusals = refusals;
    const most = bounds.lo.length + refusals.call.length + 1;
    this.#limit = new Int32Array(refusals.call.length + 1);
    this.#first = new Int32Array(bounds.lo.length + 2);
    this.#start = new Int32Array(most);
    this.#end = new Int32Array(most);
    this.#origin = new Int32Array(most);
  }

  run(extend: Extend): Moments {
    const { lo, hi } = this.#bounds;
    this.#add(lo[0]!, hi[0]!, lo[0]!);
    if (this.#count === 0) return { kind: "stuck", version: 0, since: 0 };
    this.#first[1] = 1;
    for (let p = 0; ; p++) {
      const given = p + 1 < lo.length;
      if (!given) {
        const last = this.#lastFor(p);
        if (last !== null) return { kind: "moments", t: this.#back(p, last) };
      }
      const least = given ? lo[p + 1]! : extend(p);
      if (least === null) return { kind: "stuck", version: p + 1, since: this.#whole };
      const most = given ? hi[p + 1]! : NO_RETURN;
      this.#step(p, least, most);
      const [from, to] = [this.#first[p + 1]!, this.#count];
      if (from === to) return { kind: "stuck", version: p + 1, since: this.#whole };
      if (p + 2 === this.#first.length) this.#first = grown(this.#first);
      this.#first[p + 2] = to;
      if (given && this.#start[from] === least && this.#end[from] === most) this.#whole = p + 1;
    }
  }

  #refusedFrom(p: number): number {
    const { from } = this.#refusals;
    return from[Math.min(p, from.length - 1)]!;
  }

  /** The moment of version p if it is the last: late enough for all refusals that expect it. */
  #lastFor(p: number): number | null {
    const to = this.#refusedFrom(p + 1);
    const top = this.#count - 1;
    if (to === this.#refusedFrom(p)) return this.#start[top]!;
    const latestCall = this.#refusals.call[to - 1]!;
    return this.#end[top]! >= latestCall ? Math.max(this.#start[top]!, latestCall) : null;
  }

  /** The pieces of t_{p+1}, within least … most. */
  #step(p: number, least: number, most: number): void {
    const { call, ret } = this.#refusals;
    const [from, to] = [this.#refusedFrom(p), this.#refusedFrom(p + 1)];
    const end = this.#first[p + 1]!;
    let piece = this.#first[p]!;
    if (from === to) {
      this.#add(Math.max(this.#start[piece]!, least), most, this.#start[piece]!);
      return;
    }
    // Entry j: the least return of those from j on, which are what the stair below call[j] leaves.
    const limit = this.#limit;
    limit[to] = most;
    for (let j = to - 1; j >= from; j--) limit[j] = Math.min(limit[j + 1]!, ret[j]!);
    for (let j = from; j <= to; j++) {
      const stair = j === from ? -1 : call[j - 1]!;
      while (piece < end && this.#end[piece]! < stair) piece++;
      if (piece === end) return;
      const x = Math.max(this.#start[piece]!, stair);
      if (j < to && x >= call[j]!) continue;
      this.#add(Math.max(x, least), limit[j]!, x);
    }
  }

  #add(start: number, end: number, origin: number): void {
    if (start > end) return;
    if (this.#count === this.#start.length) {
      this.#start = grown(this.#start);
      this.#end = grown(this.#end);
      this.#origin = grown(this.#origin);
    }
    this.#start[this.#count] = start;
    this.#end[this.#count] = end;
    this.#origin[this.#count++] = origin;
  }

  /** The moments that lead to t_p = `moment`. */
  #back(p: number, moment: number): Int32Array {
    const t = new Int32Array(p + 1);
    t[p] = moment;
    for (let q = p; q > 0; q--) {
      let piece = this.#first[q]!;
      while (this.#end[piece]! < t[q]!) piece++;
      t[q - 1] = this.#origin[piece]!;
    }
    return t;
  }
}
