import {
  decodeChunk,
  encodeShard,
  encodeShardRead,
  OP_CHUNK,
  OP_FREEZE,
  OP_READ_SHARD,
  SHARD_CHUNK_BYTES,
} from "../kv/shard-ops.ts";
import { OK, VERSION_MISMATCH } from "../kv/status.ts";
import type { OnReply } from "./asker.ts";

export type PullSpec = {
  readonly shard: number;
  /** Of the config that gives it to the group. */
  readonly num: number;
  readonly from: number;
  /** So many bytes have come already, under another leader perhaps. */
  readonly offset: number;
};

/** Chunks that are being committed at a time: more would hold up what else the group's log has to take. */
const WRITES_MAX = 3;

/** As Asker.ask. False: it cannot be asked now. */
export type AskGroup = (
  group: number,
  op: number,
  expected: number,
  value: Uint8Array,
  now: number,
  onReply: OnReply,
) => boolean;

/**
 * Brings one shard to a group: freezes it at its old owner, reads it in chunks, and takes each through the
 * group's own log, the next being read while those before are committed. Ends once, by `onEnd`: with true when the shard
 * is here; else whoever looks at the group's state next begins again, where it stopped.
 */
export class ShardPull {
  readonly #group: number;
  readonly #spec: PullSpec;
  readonly #ask: AskGroup;
  readonly #onEnd: (isDone: boolean, now: number) => void;
  /** Where to read next. */
  #offset: number;
  /** Read, and not yet handed to the group. */
  #chunk: Uint8Array | null = null;
  #isReading = false;
  /** Chunks handed to the group, in their order, that it has not yet answered for. */
  #writing = 0;
  #isLastRead = false;
  #isEnded = false;
  /** Goes up when reading begins anew elsewhere: what was being read is of no use then. */
  #course = 0;

  constructor(
    group: number,
    spec: PullSpec,
    ask: AskGroup,
    onEnd: (isDone: boolean, now: number) => void,
  ) {
    this.#group = group;
    this.#spec = spec;
    this.#ask = ask;
    this.#onEnd = onEnd;
    this.#offset = spec.offset;
  }

  start(now: number): void {
    const { from, num, shard } = this.#spec;
    const isOut = this.#ask(from, OP_FREEZE, num, encodeShard(shard), now, (reply, later) => {
      if (reply?.status === OK) this.#step(later);
      else this.#end(false, later);
    });
    if (!isOut) this.#end(false, now);
  }

  #step(now: number): void {
    if (this.#isEnded) return;
    if (this.#chunk !== null && this.#writing < WRITES_MAX) this.#write(this.#chunk, now);
    if (this.#chunk === null && !this.#isReading && !this.#isLastRead) this.#read(now);
  }

  #read(now: number): void {
    const { from, num, shard } = this.#spec;
    const course = this.#course;
    const value = encodeShardRead({ shard, bytesMax: SHARD_CHUNK_BYTES, offset: this.#offset });
    this.#isReading = this.#ask(from, OP_READ_SHARD, num, value, now, (reply, later) => {
      this.#isReading = false;
      if (course !== this.#course) return this.#step(later);
      const chunk = reply?.status === OK ? decodeChunk(reply.value) : null;
      if (chunk === null) return this.#end(false, later);
      this.#chunk = reply!.value.slice(); // It is valid during the call only.
      this.#offset += chunk.bytes.length;
      this.#isLastRead = chunk.last;
      this.#step(later);
    });
    if (!this.#isReading) this.#end(false, now);
  }

  #write(chunk: Uint8Array, now: number): void {
    const isLast = this.#isLastRead;
    const course = this.#course;
    this.#chunk = null;
    this.#writing++;
    const isOut = this.#ask(this.#group, OP_CHUNK, this.#spec.num, chunk, now, (reply, later) => {
      this.#writing--;
      if (reply?.status === VERSION_MISMATCH) {
        // One that came before has been missing: those behind it all find that, and one of them is enough.
        if (course !== this.#course) return this.#step(later);
        this.#course++;
        this.#offset = reply.version;
        this.#chunk = null;
        this.#isLastRead = false;
      } else if (reply?.status !== OK) return this.#end(false, later);
      else if (isLast) return this.#end(true, later);
      this.#step(later);
    });
    if (!isOut) this.#end(false, now);
  }

  #end(isDone: boolean, now: number): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#onEnd(isDone, now);
  }
}
