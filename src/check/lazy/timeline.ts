import { NO_RETURN } from "../../history/op.ts";
import { CAS, type RegisterOps, WRITE } from "./register-ops.ts";
import { UndoMemory } from "./undo-memory.ts";

/** Cells of the memory: single ones first, then a column each (see the constructor). */
const STATE = 0;
const NODE = 1;
const OVERWRITTEN_AT = 2;
const BLOCK = 3;
const ENDS = 4;
const LATEST = 5;
const SECOND = 6;
const SINGLES = 7;

/** The growing point at the present state; the others are loose ends, by number. */
export const PRESENT = -1;

/**
 * A legal order of some operations on a register, to which others can still be added: at its end, and
 * in the past wherever that changes nothing of what came later. It is a list of writes and
 * compare-and-sets in blocks, each begun by a write; of the rest only where it could go is known:
 *
 * - A block that was overwritten has a loose end: the value v that it ended with, and the time t at
 *   which it was overwritten. A CAS from v called before t can go there, and moves the end to what it left.
 * - Just before the last overwriting a write can be put in that was called by then; it is overwritten at
 *   once, and leaves a loose end.
 * - Each value has the time until which it was last there: enough to know which reads it served.
 *
 * Times are ranks of returns: an operation can take effect at t iff it was called before t (and
 * returned at t or later). All that `undo` takes back lives in one memory.
 */
export class Timeline {
  readonly #o: RegisterOps;
  readonly #memory: UndoMemory;
  readonly #m: Int32Array;
  /** Columns by value: until when it was there, and the node that had left it. */
  readonly #seenAt: number;
  readonly #seenNode: number;
  /** Columns by loose end. */
  readonly #endValue: number;
  readonly #endTime: number;
  readonly #endNode: number;
  /** The list of placed nodes; node `count` is its root. */
  readonly #next: number;
  readonly #prev: number;
  /** Lists of unplaced operations in order of call, each with a head (see #heads). */
  readonly #after: number;
  readonly #before: number;
  readonly #placed: number;
  readonly #heads: number;

  constructor(o: RegisterOps) {
    this.#o = o;
    const heads = 2 * o.values + 2;
    const writes = o.kind.reduce((sum, kind) => sum + (kind === WRITE ? 1 : 0), 0);
    let size = SINGLES;
    const column = (length: number): number => (size += length) - length;
    this.#seenAt = column(o.values);
    this.#seenNode = column(o.values);
    this.#endValue = column(writes);
    this.#endTime = column(writes);
    this.#endNode = column(writes);
    this.#next = column(o.count + 1);
    this.#prev = column(o.count + 1);
    this.#after = column(o.count + heads);
    this.#before = column(o.count + heads);
    this.#placed = column(o.count);
    this.#heads = o.count;
    this.#memory = new UndoMemory(size);
    this.#m = this.#memory.cells;
    this.#m.fill(-1, this.#seenAt, this.#seenNode);
    this.#m[NODE] = o.count;
    this.#m[OVERWRITTEN_AT] = -1;
    this.#m[BLOCK] = -1;
    this.#m[LATEST] = -1;
    this.#m[SECOND] = -1;
    this.#m[this.#next + o.count] = o.count;
    this.#m[this.#prev + o.count] = o.count;
    this.#fillLists(heads);
  }

  get state(): number {
    return this.#m[STATE]!;
  }

  /** The node that left the present value. */
  get last(): number {
    return this.#m[NODE]!;
  }

  /** When the present block began, −1 for the first: writes called by then may go before it. */
  get overwrittenAt(): number {
    return this.#m[OVERWRITTEN_AT]!;
  }

  get ends(): number {
    return this.#m[ENDS]!;
  }

  endValue(end: number): number {
    return this.#m[this.#endValue + end]!;
  }

  /** Does not fall from one end to the next. */
  endTime(end: number): number {
    return this.#m[this.#endTime + end]!;
  }

  /** Whether some loose end can take a CAS called at `from` but none called at `to`. */
  hasEndWithin(from: number, to: number): boolean {
    let end = this.ends - 1;
    while (end >= 0 && this.endTime(end) > to) end--;
    return end >= 0 && this.endTime(end) > from;
  }

  isPlaced(op: number): boolean {
    return this.#m[this.#placed + op] === 1;
  }

  /** Until when a value other than the present one was last there; −1: never. */
  seenAt(value: number): number {
    return this.#m[this.#seenAt + value]!;
  }

  /** The node after which a read of `value` called at `call` can go, or −1. */
  nodeShowing(value: number, call: number): number {
    if (this.#m[STATE] === value) return this.#m[NODE]!;
    return this.seenAt(value) > call ? this.#m[this.#seenNode + value]! : -1;
  }

  /** The node after which what was refused because the value was not `value` can go, or −1. */
  nodeNotShowing(value: number, call: number): number {
    if (this.#m[STATE] !== value) return this.#m[NODE]!;
    const other = this.#m[LATEST] === value ? this.#m[SECOND]! : this.#m[LATEST]!;
    return other < 0 ? -1 : this.nodeShowing(other, call);
  }

  /** The write of `value` called before `time` to place next: the first to return, or −1. */
  writer(value: number, time: number): number {
    const { call, ret } = this.#o;
    let best = -1;
    const head = this.#heads + value;
    for (let j = this.#m[this.#after + head]!; j !== head; j = this.#m[this.#after + j]!) {
      if (call[j]! >= time) break;
      if (best < 0 || ret[j]! < ret[best]!) best = j;
    }
    if (best >= 0) return best;
    const pending = this.#m[this.#after + head + this.#o.values]!;
    return pending < this.#o.count && call[pending]! < time ? pending : -1;
  }

  /** Into `out`: the unplaced CAS called before `time`, completed ones first. */
  collectCas(time: number, out: number[]): void {
    out.length = 0;
    for (let isOpen = 0; isOpen < 2; isOpen++) {
      const head = this.#heads + 2 * this.#o.values + isOpen;
      for (let j = this.#m[this.#after + head]!; j !== head; j = this.#m[this.#after + j]!) {
        if (this.#o.call[j]! >= time) break;
        out.push(j);
      }
    }
  }

  /** A write takes effect now. */
  overwrite(write: number, now: number): void {
    const m = this.#m;
    this.#see(m[STATE]!, now, m[NODE]!);
    this.#addEnd(m[STATE]!, now, m[NODE]!);
    this.#insert(write, m[NODE]!);
    this.#memory.set(STATE, this.#o.to[write]!);
    this.#memory.set(NODE, write);
    this.#memory.set(OVERWRITTEN_AT, now);
    this.#memory.set(BLOCK, write);
  }

  /** A write called by then took effect just before the present block. */
  putBefore(write: number): void {
    const time = this.overwrittenAt;
    this.#insert(write, this.#m[this.#prev + this.#m[BLOCK]!]!);
    this.#see(this.#o.to[write]!, time, write);
    this.#addEnd(this.#o.to[write]!, time, write);
  }

  /** A CAS takes effect at the present state, or took effect at a loose end. */
  grow(point: number, cas: number, now: number): void {
    const m = this.#m;
    const to = this.#o.to[cas]!;
    if (point === PRESENT) {
      this.#see(m[STATE]!, now, m[NODE]!);
      this.#insert(cas, m[NODE]!);
      this.#memory.set(STATE, to);
      this.#memory.set(NODE, cas);
    } else {
      this.#insert(cas, m[this.#endNode + point]!);
      this.#memory.set(this.#endValue + point, to);
      this.#memory.set(this.#endNode + point, cas);
      this.#see(to, this.endTime(point), cas);
    }
  }

  get mark(): number {
    return this.#memory.mark;
  }

  undo(mark: number): void {
    this.#memory.undo(mark);
  }

  get bytes(): number {
    return this.#memory.bytes;
  }

  /** The root and the placed writes and CAS, in their order. */
  forEach(visit: (node: number) => void): void {
    const root = this.#o.count;
    visit(root);
    for (let j = this.#m[this.#next + root]!; j !== root; j = this.#m[this.#next + j]!) visit(j);
  }

  /** `value` was there until `time`, left by `node`. */
  #see(value: number, time: number, node: number): void {
    if (this.seenAt(value) >= time) return;
    this.#memory.set(this.#seenAt + value, time);
    this.#memory.set(this.#seenNode + value, node);
    const latest = this.#m[LATEST]!;
    if (value === latest) return;
    if (latest < 0 || time >= this.seenAt(latest)) {
      this.#memory.set(SECOND, latest);
      this.#memory.set(LATEST, value);
    } else if (this.#m[SECOND]! < 0 || time > this.seenAt(this.#m[SECOND]!)) {
      this.#memory.set(SECOND, value);
    }
  }

  #addEnd(value: number, time: number, node: number): void {
    const end = this.ends;
    this.#memory.set(this.#endValue + end, value);
    this.#memory.set(this.#endTime + end, time);
    this.#memory.set(this.#endNode + end, node);
    this.#memory.set(ENDS, end + 1);
  }

  #insert(op: number, after: number): void {
    const next = this.#m[this.#next + after]!;
    this.#memory.set(this.#next + op, next);
    this.#memory.set(this.#prev + op, after);
    this.#memory.set(this.#next + after, op);
    this.#memory.set(this.#prev + next, op);
    this.#memory.set(this.#placed + op, 1);
    const later = this.#m[this.#after + op]!;
    const earlier = this.#m[this.#before + op]!;
    this.#memory.set(this.#after + earlier, later);
    this.#memory.set(this.#before + later, earlier);
  }

  /** Heads: of completed writes by value, of pending writes by value, of completed CAS, of pending CAS. */
  #fillLists(heads: number): void {
    const { count, kind, to, ret, values } = this.#o;
    const m = this.#m;
    for (let h = this.#heads; h < this.#heads + heads; h++) {
      m[this.#after + h] = h;
      m[this.#before + h] = h;
    }
    for (let j = 0; j < count; j++) {
      if (kind[j] !== WRITE && kind[j] !== CAS) continue;
      const isOpen = ret[j] === NO_RETURN ? 1 : 0;
      const list = kind[j] === WRITE ? to[j]! + isOpen * values : 2 * values + isOpen;
      const head = this.#heads + list;
      const last = m[this.#before + head]!;
      m[this.#after + j] = head;
      m[this.#before + j] = last;
      m[this.#after + last] = j;
      m[this.#before + head] = j;
    }
  }
}
