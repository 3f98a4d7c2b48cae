import { OP_GET } from "../../kv/command.ts";

/** An operation that was invoked and has not completed: one a slot, used over and over. */
export type Outstanding = {
  process: number;
  op: number;
  /** Argument of a put or append; −1: none. */
  value: number;
  /** Version that a put expects; −1: any. */
  expected: number;
  /** Rank of the invocation. */
  call: number;
  /** The newest version that an operation on the key had told when this one was invoked. */
  floor: number;
  /** Who had told it, and whether by a write: for the sentence. −1: nobody. */
  floorBy: number;
  floorWritten: boolean;
  /** The latest place in the servers' order that had been told of the key by then (replay.ts). */
  orderFloor: number;
  /** Neighbours among the outstanding operations of its key. */
  older: Outstanding | null;
  newer: Outstanding | null;
};

export const newOutstanding = (): Outstanding => ({
  ...{ process: 0, op: OP_GET, value: -1, expected: -1, call: 0, floor: 0, floorBy: -1 },
  ...{ floorWritten: false, orderFloor: 0, older: null, newer: null },
});

/** The outstanding operations of one key, in order of invocation. */
export class Queue {
  #oldest: Outstanding | null = null;
  #newest: Outstanding | null = null;

  /** Since floors only grow, it has the lowest. */
  get oldest(): Outstanding | null {
    return this.#oldest;
  }

  add(o: Outstanding): void {
    o.older = this.#newest;
    o.newer = null;
    if (this.#newest === null) this.#oldest = o;
    else this.#newest.newer = o;
    this.#newest = o;
  }

  remove(o: Outstanding): void {
    if (o.older === null) this.#oldest = o.newer;
    else o.older.newer = o.newer;
    if (o.newer === null) this.#newest = o.older;
    else o.newer.older = o.older;
  }
}

/** A write of which nobody knows whether, and when, it takes effect. */
export type UnknownWrite = Readonly<
  Pick<Outstanding, "process" | "op" | "value" | "expected" | "call" | "floor">
>;

export const asUnknown = ({
  process,
  op,
  value,
  expected,
  call,
  floor,
}: Outstanding): UnknownWrite => ({ process, op, value, expected, call, floor });
