import {
  type Command,
  commandBytes,
  isReadOp,
  type OpCode,
  writeCommand,
} from "../../kv/command.ts";
import { assert } from "../../lib/assert.ts";
import type { Reply } from "../../replica/ports.ts";
import { ByteWriter } from "../../wire/bytes.ts";
import { STATUS } from "../../wire/errors.ts";
import type { HttpReply } from "../http/http-client-port.ts";
import type { KvExecutor } from "./kv-executor.ts";
import type { TextLink } from "./text-link.ts";

/** Commands of one connection that may be unanswered; what comes beyond them waits to be read. */
export const PIPELINE_MAX = 1024;
/** While a client leaves more replies unread than this, none of its commands is begun. */
const UNREAD_BYTES_HIGH = 1 << 20;
/** What the commands begun so far may add to that; a read that would exceed it is refused. */
const UNREAD_BYTES_MAX = 32 << 20;
/** Reads that may be under way at once, by the largest value that the connection has read so far. */
const READING_BYTES_MAX = 16 << 20;
/** As long as it has read none. */
const READS_FIRST = 4;
const WINDOW_MIN = 16;

/** Reads may run together, and so may writes; of neither with the other, for then their order would be lost. */
type Kind = "read" | "write" | "alone";

type Entry = {
  kind: number;
  /** What the protocol needs besides to write the answer. */
  context: unknown;
  readonly command: Mutable<Command>;
  isSettled: boolean;
  /** The answer, while an earlier one is missing. */
  ready: Uint8Array | null;
};
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Writes the answer to a command that was begun as `kind`. */
export type Encode = (
  w: ByteWriter,
  kind: number,
  context: unknown,
  reply: Reply,
  op: OpCode,
) => void;

const NO_BYTES: Uint8Array = new Uint8Array(0);

/** Where commands are encoded for the store, which copies them within the call. One buffer for all connections. */
let scratch = new Uint8Array(64 << 10);
let scratchView = new DataView(scratch.buffer);
const late = new ByteWriter();

/**
 * The commands of one connection, in order: their answers leave in the order in which they came, and they take effect as if
 * each had waited for the one before. Commands go to the group's replica here, and to its leader through
 * `executor` when this node turns out not to lead.
 */
export class Pipeline {
  readonly #link: TextLink;
  readonly #executor: KvExecutor;
  readonly #encode: Encode;
  #entries: Entry[] = [];
  #head = 0;
  #tail = 0;
  #unsettled = 0;
  #running: Kind = "read";
  #readsMax = READS_FIRST;
  #largestRead = 0;
  /** Bytes of answers that wait for earlier ones. */
  #readyBytes = 0;
  /** Writes are forwarded one by one: two that are under way at once could change places. */
  #forwards: Promise<void> | null = null;

  constructor(link: TextLink, executor: KvExecutor, encode: Encode) {
    this.#link = link;
    this.#executor = executor;
    this.#encode = encode;
  }

  get isEmpty(): boolean {
    return this.#head === this.#tail;
  }

  /** There is no room for any command, not even for an answer that is known at once. */
  get isFull(): boolean {
    const { out } = this.#link;
    return this.#tail - this.#head >= PIPELINE_MAX || out.pendingBytes > UNREAD_BYTES_HIGH;
  }

  /** Whether such a command may begin now, or has to wait for those before it. */
  mayBegin(kind: Kind): boolean {
    if (this.#unsettled === 0) return true;
    if (kind === "alone" || kind !== this.#running) return false;
    return kind === "read" ? this.#unsettled < this.#readsMax : this.#forwards === null;
  }

  /** Begins one command of the store. `source` must not change. `context`, `kind`: for Encode. */
  begin(
    kind: number,
    context: unknown,
    op: OpCode,
    flags: number,
    expected: number,
    key: Uint8Array,
    value: Uint8Array,
  ): void {
    this.#running = isReadOp(op) ? "read" : "write";
    const entry = this.#push(kind, context);
    const { command } = entry;
    command.op = op;
    command.flags = flags;
    command.expected = expected;
    command.key = key;
    command.value = value;
    const bytes = commandBytes(key.length, value.length);
    if (bytes > scratch.length) {
      scratch = new Uint8Array(2 * bytes);
      scratchView = new DataView(scratch.buffer);
    }
    const end = writeCommand(scratch, scratchView, 0, command);
    const requestId = (this.#tail - 1) >>> 0;
    this.#link.request(this.#executor.groupOf(key), requestId, scratch, scratchView, end);
  }

  /** Answers at once, but in its turn. */
  answer(write: (w: ByteWriter) => void): void {
    this.#push(0, null);
    this.#settle(this.#tail - 1, write);
  }

  /** Runs something that takes its time; `run` must not reject. Nothing else is under way meanwhile. */
  alone(run: () => Promise<(w: ByteWriter) => void>): void {
    this.#running = "alone";
    this.#push(0, null);
    const seq = this.#tail - 1;
    run().then((write) => {
      this.#settle(seq, write);
      this.#link.wake();
    }, this.#link.onFatal);
  }

  /** Takes the answer of a replica here to `begin`. */
  reply(requestId: number, reply: Reply): void {
    const seq = this.#head + ((requestId - this.#head) >>> 0);
    const entry = this.#entryAt(seq);
    const { status } = reply;
    switch (status) {
      case STATUS.notLeader.code:
      case STATUS.noGroup.code:
      case STATUS.wrongShard.code:
        return this.#forward(seq, entry);
      case STATUS.leadershipLost.code:
        if (isReadOp(entry.command.op)) return this.#forward(seq, entry);
    }
    this.#settleReply(seq, entry, reply);
  }

  #forward(seq: number, entry: Entry): void {
    // The entry is used again once it is answered; the command may then still be on its way.
    const command = { ...entry.command };
    if (isReadOp(command.op)) {
      this.#executor
        .execute(command)
        .then((reply) => this.#forwarded(seq, reply), this.#link.onFatal);
      return;
    }
    const before = this.#forwards ?? Promise.resolve();
    const mine = before.then(async () => {
      const reply = await this.#executor.execute(command);
      if (this.#forwards === mine) this.#forwards = null;
      this.#forwarded(seq, reply);
    });
    this.#forwards = mine;
    mine.catch(this.#link.onFatal);
  }

  #forwarded(seq: number, { status, leaderHint, version, index, value }: HttpReply): void {
    const { code } = STATUS[status];
    const bytes = { valueIn: value, valueAt: 0, valueBytes: value.length };
    const reply = { status: code, leaderHint: leaderHint as Reply["leaderHint"], version, index };
    this.#settleReply(seq, this.#entryAt(seq), { ...reply, ...bytes });
    this.#link.wake();
  }

  #settleReply(seq: number, entry: Entry, reply: Reply): void {
    const { kind, context } = entry;
    const { op } = entry.command;
    if (isReadOp(op)) this.#limitRead(reply);
    if (seq === this.#head) {
      this.#encode(this.#link.out.bytes, kind, context, reply, op);
      this.#settled(entry);
    } else {
      late.offset = 0;
      this.#encode(late, kind, context, reply, op);
      this.#keep(entry, late.copy());
    }
  }

  /** Learns how large values are, and refuses one that came in spite of that when too much is unread. */
  #limitRead(reply: Reply): void {
    if (reply.valueBytes > this.#largestRead || this.#largestRead === 0) {
      this.#largestRead = Math.max(1, reply.valueBytes);
      const most = Math.floor(READING_BYTES_MAX / this.#largestRead);
      this.#readsMax = Math.min(PIPELINE_MAX, Math.max(1, most));
    }
    const unread = this.#link.out.pendingBytes + this.#readyBytes;
    if (unread <= UNREAD_BYTES_MAX || reply.valueBytes === 0) return;
    reply.status = STATUS.overloaded.code;
    reply.valueBytes = 0;
  }

  #settle(seq: number, write: (w: ByteWriter) => void): void {
    const entry = this.#entryAt(seq);
    if (seq === this.#head) {
      write(this.#link.out.bytes);
      this.#settled(entry);
    } else {
      late.offset = 0;
      write(late);
      this.#keep(entry, late.copy());
    }
  }

  #keep(entry: Entry, ready: Uint8Array): void {
    entry.ready = ready;
    this.#readyBytes += ready.length;
    this.#unsettled--;
    entry.isSettled = true;
  }

  /** The oldest entry is answered, and so those after it that have their answers. */
  #settled(oldest: Entry): void {
    this.#unsettled--;
    this.#drop(oldest);
    while (this.#head < this.#tail) {
      const entry = this.#entries[this.#head & (this.#entries.length - 1)]!;
      if (!entry.isSettled) break;
      this.#readyBytes -= entry.ready!.length;
      this.#link.out.bytes.bytes(entry.ready!);
      this.#drop(entry);
    }
    this.#link.markDirty();
  }

  #drop(entry: Entry): void {
    entry.ready = null;
    entry.context = null;
    entry.command.key = entry.command.value = NO_BYTES;
    this.#head++;
  }

  #push(kind: number, context: unknown): Entry {
    if (this.#tail - this.#head === this.#entries.length) this.#grow();
    const entry = this.#entries[this.#tail++ & (this.#entries.length - 1)]!;
    entry.kind = kind;
    entry.context = context;
    entry.isSettled = false;
    this.#unsettled++;
    return entry;
  }

  #entryAt(seq: number): Entry {
    assert(seq >= this.#head && seq < this.#tail, "an answer that nobody waits for");
    return this.#entries[seq & (this.#entries.length - 1)]!;
  }

  #grow(): void {
    const size = Math.max(WINDOW_MIN, 2 * this.#entries.length);
    const grown = Array.from({ length: size }, newEntry);
    for (let seq = this.#head; seq < this.#tail; seq++) {
      grown[seq & (size - 1)] = this.#entries[seq & (this.#entries.length - 1)]!;
    }
    this.#entries = grown;
  }
}

const newEntry = (): Entry => ({
  kind: 0,
  context: null,
  command: {
    ...{ op: 0, flags: 0, session: 0, seq: 0, nonce: 0, expected: 0 },
    ...{ key: NO_BYTES, value: NO_BYTES },
  },
  isSettled: false,
  ready: null,
});
