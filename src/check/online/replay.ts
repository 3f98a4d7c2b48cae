import { OUTCOME_MISMATCH } from "../../history/op.ts";
import { OP_APPEND, OP_DELETE, OP_GET, OP_PUT } from "../../kv/command.ts";
import { type Digest, digestOf, extend, NOTHING, type ReadValue } from "./content.ts";

/** A completed operation on one key. Columns as in History; `value` a number or text. */
export type Row = {
  readonly process: number;
  readonly op: number;
  readonly value: ReadValue;
  readonly expected: number;
  readonly outcome: number;
  readonly version: number;
  readonly index: number;
  readonly call: number;
  /** NO_RETURN: its outcome is unknown. */
  readonly ret: number;
};

/** Log index × 2, plus 1 for what does not write: it comes after the write at its index. */
export const orderOf = ({ index, op, outcome }: Row): number =>
  index * 2 + (op === OP_GET || outcome === OUTCOME_MISMATCH ? 1 : 0);

/** Rows that wait for older ones, at most: an operation that hangs holds them all up. */
const WAITING_MAX = 1024;

/**
 * The log-index certificate (certificate.ts), while the history grows: operations of one key are
 * replayed in the order in which the servers say they took effect, each once no outstanding
 * operation can come before it any more. It trusts nothing: while the replay works out, the prefix
 * is linearizable; what does not fit is a suspicion, and proves nothing.
 */
export class IndexReplay {
  #waiting: Row[] = [];
  /** −1: not known. */
  #version: number;
  #content: Digest = NOTHING;
  #isContentKnown: boolean;
  #latestCall = -1;
  #latestOrder = 0;

  /** `isNew`: the key was never written before the rows to come. */
  constructor(isNew: boolean) {
    this.#version = isNew ? 0 : -1;
    this.#isContentKnown = isNew;
  }

  /** The latest place that was told: whatever is invoked now comes no earlier. */
  get latestOrder(): number {
    return this.#latestOrder;
  }

  add(row: Row): void {
    const order = orderOf(row);
    const waiting = this.#waiting;
    let at = waiting.length;
    while (at > 0 && orderOf(waiting[at - 1]!) > order) at--;
    if (at === waiting.length) waiting.push(row);
    else waiting.splice(at, 0, row);
    if (order > this.#latestOrder) this.#latestOrder = order;
  }

  /**
   * Replays the rows up to the place `order`, before or at which nothing outstanding can come.
   * Returns whether all fit; after one that does not, goes on from what that one told.
   */
  advance(order: number): boolean {
    const waiting = this.#waiting;
    let fit = true;
    let next = 0;
    while (next < waiting.length && orderOf(waiting[next]!) <= order) {
      if (!this.#step(waiting[next++]!)) fit = false;
    }
    if (waiting.length - next > WAITING_MAX) {
      next = waiting.length;
      this.#version = -1;
      this.#isContentKnown = false;
    }
    if (next === waiting.length) waiting.length = 0;
    else if (next > 0) waiting.splice(0, next);
    return fit;
  }

  #step(row: Row): boolean {
    const inTime = this.#latestCall <= row.ret;
    this.#latestCall = Math.max(this.#latestCall, row.call);
    const isLook = row.op === OP_GET || row.outcome === OUTCOME_MISMATCH;
    const fits = isLook ? this.#look(row) : this.#write(row);
    return inTime && fits;
  }

  #look({ op, value, version, expected }: Row): boolean {
    let fits = op === OP_GET || version !== expected;
    if (version >= 0 && version !== this.#version) {
      fits &&= this.#version < 0;
      this.#version = version;
      this.#isContentKnown = false;
    }
    if (op !== OP_GET) return fits;
    const content = digestOf(value);
    if (this.#isContentKnown && content !== this.#content) fits = false;
    this.#content = content;
    this.#isContentKnown = true;
    return fits;
  }

  #write({ op, value, version, expected }: Row): boolean {
    const isDelete = op === OP_DELETE;
    const next = this.#version < 0 ? -1 : this.#version + 1;
    const after = isDelete ? 0 : version >= 0 ? version : next;
    const fits =
      (isDelete || next < 0 || after === next) &&
      (expected < 0 || after < 0 || after === expected + 1);
    this.#version = after;
    if (isDelete) this.#content = NOTHING;
    else if (op === OP_PUT) this.#content = extend(NOTHING, value as number);
    else this.#content = extend(this.#content, value as number);
    this.#isContentKnown = op !== OP_APPEND || (this.#isContentKnown && fits);
    return fits;
  }
}
