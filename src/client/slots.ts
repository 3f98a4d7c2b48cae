import { type Command, isReadOp, OP_OPEN_SESSION, type OpCode } from "../kv/command.ts";
import { broken } from "../lib/assert.ts";

export const IDLE = 0;
/** The session is being opened; the operation itself has not been sent. */
export const OPENING = 1;
export const OPERATING = 2;
/** It is not sent: it ends as overloaded when its time has come. */
export const SHED = 3;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const NO_BYTES = new Uint8Array(0);
export const NOT_SENT = -1;
export const NO_SHARD = -1;
const OPEN_SESSION: Command = {
  op: OP_OPEN_SESSION,
  flags: 0,
  session: 0,
  seq: 0,
  nonce: 0,
  expected: 0,
  key: NO_BYTES,
  value: NO_BYTES,
};

/**
 * What each slot of a clerk is doing, in columns: nothing is allocated per operation. Row i is slot
 * i. Times are milliseconds of the caller's clock.
 *
 * A request id is `generation × slots + slot`. The generation goes up with each attempt, so a late
 * reply is told from the current one; it wraps after 2^32 / slots attempts of one slot (at 256
 * slots: 16 million).
 */
export class Slots {
  readonly count: number;
  readonly stage: Uint8Array;
  readonly op: Uint8Array;
  readonly flags: Uint8Array;
  readonly expected: Float64Array;
  readonly key: Uint8Array[];
  readonly value: Uint8Array[];
  /** The shard of the operation's key; NO_SHARD: it is for a group as a whole, and has no session. */
  readonly shard: Int32Array;
  /** The group that the operation, or its current attempt, is for; 0: not known. */
  readonly group: Uint32Array;
  /** One for each shard and slot; 0: none open. */
  readonly #session: Float64Array;
  /** The next operation's number in its session, from 1. */
  readonly #seq: Uint32Array;
  readonly nonce: Uint32Array;
  /** Index of the node that the current attempt went to, or NOT_SENT. */
  readonly sentTo: Int32Array;
  readonly tries: Uint8Array;
  readonly overloads: Uint8Array;
  /** 1: the first attempt goes to the slot's own node. */
  readonly home: Uint8Array;
  /** 1: an attempt of this operation may have taken effect, or may yet. */
  readonly maybe: Uint8Array;
  readonly #generation: Uint32Array;
  /** The first attempt of the current stage. */
  readonly #oldest: Uint32Array;
  readonly #wrap: number;
  readonly #command: Mutable<Command> = { ...OPEN_SESSION };

  constructor(count: number, shards = 1) {
    if (count < 1 || count > 1 << 20) broken(`${count} slots`);
    this.count = count;
    this.shard = new Int32Array(count);
    this.group = new Uint32Array(count);
    this.#session = new Float64Array(count * shards);
    this.#seq = new Uint32Array(count * shards);
    this.stage = new Uint8Array(count);
    this.op = new Uint8Array(count);
    this.flags = new Uint8Array(count);
    this.expected = new Float64Array(count);
    this.key = new Array<Uint8Array>(count).fill(NO_BYTES);
    this.value = new Array<Uint8Array>(count).fill(NO_BYTES);
    this.nonce = new Uint32Array(count);
    this.sentTo = new Int32Array(count).fill(NOT_SENT);
    this.tries = new Uint8Array(count);
    this.overloads = new Uint8Array(count);
    this.home = new Uint8Array(count);
    this.maybe = new Uint8Array(count);
    this.#generation = new Uint32Array(count);
    this.#oldest = new Uint32Array(count);
    this.#wrap = Math.floor(0x1_0000_0000 / count);
  }

  /** The slot's session with the shard of its operation. */
  sessionOf(slot: number): number {
    return this.shard[slot] === NO_SHARD ? 0 : this.#session[this.#row(slot)]!;
  }

  /** `session` 0: it has none any more. */
  setSession(slot: number, session: number): void {
    this.#session[this.#row(slot)] = session;
    this.#seq[this.#row(slot)] = 1;
  }

  /** The operation's number has been used. */
  nextSeq(slot: number): void {
    const row = this.#row(slot);
    this.#seq[row] = this.#seq[row]! + 1;
  }

  /** The slot, which must be idle, has this operation now; no stage of it has begun. */
  begin(
    slot: number,
    op: number,
    flags: number,
    expected: number,
    key: Uint8Array,
    value: Uint8Array,
  ): void {
    if (this.stage[slot] !== IDLE) broken(`slot ${slot} is busy`);
    this.op[slot] = op;
    this.flags[slot] = flags;
    this.expected[slot] = expected;
    this.key[slot] = key;
    this.value[slot] = value;
    this.tries[slot] = 0;
    this.overloads[slot] = 0;
    this.maybe[slot] = 0;
  }

  /** From here on replies to attempts made so far no longer count. */
  beginStage(slot: number, stage: number): void {
    this.stage[slot] = stage;
    this.#oldest[slot] = this.#after(this.#generation[slot]!);
  }

  /** The request id of the slot's next attempt. */
  nextRequestId(slot: number): number {
    const generation = this.#after(this.#generation[slot]!);
    this.#generation[slot] = generation;
    return generation * this.count + slot;
  }

  /** What the slot sends in its stage: one object, reused. */
  command(slot: number): Command {
    const c = this.#command;
    if (this.stage[slot] === OPENING) {
      Object.assign(c, OPEN_SESSION);
      c.nonce = this.nonce[slot]!;
      c.expected = this.shard[slot]!;
      return c;
    }
    const isPlain = isReadOp(this.op[slot]!) || this.shard[slot] === NO_SHARD;
    c.op = this.op[slot] as OpCode;
    c.flags = this.flags[slot]!;
    c.session = isPlain ? 0 : this.sessionOf(slot);
    c.seq = isPlain ? 0 : this.#seq[this.#row(slot)]!;
    c.nonce = 0;
    c.expected = this.expected[slot]!;
    c.key = this.key[slot]!;
    c.value = this.value[slot]!;
    return c;
  }

  slotOf(requestId: number): number {
    return requestId % this.count;
  }

  /** How many attempts ago the request was made: 0 is the current one; -1: not of this stage. */
  age(slot: number, requestId: number): number {
    const current = this.#generation[slot]!;
    // Nothing has been asked in this stage yet: nobody to ask is known.
    if (this.#oldest[slot] === this.#after(current)) return -1;
    const age = this.#distance((requestId - slot) / this.count, current);
    return age <= this.#distance(this.#oldest[slot]!, current) ? age : -1;
  }

  #row(slot: number): number {
    return this.shard[slot]! * this.count + slot;
  }

  #after(generation: number): number {
    return generation + 1 >= this.#wrap ? 0 : generation + 1;
  }

  #distance(from: number, to: number): number {
    return to >= from ? to - from : to - from + this.#wrap;
  }
}
