import {
  decodeChunk,
  encodeShard,
  encodeShardRead,
  OP_CHUNK,
  OP_FREEZE,
  OP_READ_SHARD,
  SHARD_CHUNK_BYTES,
  type ShardChunk,
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
 * Brings one shard to a group: reads it in chunks from its old owner, which goes on serving it, and takes each through
 * the group's own log, the next being read while those before are committed. When all that is here, the old owner is to
 * freeze it, and what has changed meanwhile comes in the same way. Ends once, by `onEnd`: with true when the shard is
 * here; else whoever looks at the group's state next begins again, where it stopped.
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
  /** What comes after all that has been read. */
  #then: ShardChunk["then"] = "more";
  #isFreezing = false;
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
    this.#step(now);
  }

  #step(now: number): void {
    if (this.#isEnded) return;
    if (this.#chunk !== null && this.#writing < WRITES_MAX) this.#write(this.#chunk, now);
    if (this.#chunk !== null || this.#isReading || this.#isFreezing) return;
    if (this.#then === "more") this.#read(now);
    // Not before all that was read is here: nobody serves the shard from then on.
    else if (this.#then === "freeze" && this.#writing === 0) this.#freeze(now);
  }

  #freeze(now: number): void {
    const { from, num, shard } = this.#spec;
    this.#isFreezing = this.#ask(from, OP_FREEZE, num, encodeShard(shard), now, (reply, later) => {
      this.#isFreezing = false;
      if (reply?.status !== OK) return this.#end(false, later);
      this.#then = "more";
      this.#step(later);
    });
    if (!this.#isFreezing) this.#end(false, now);
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
      // It is valid during the call only.
      if (chunk.bytes.length > 0) this.#chunk = reply!.value.slice();
      // Not where it was asked for: another leader gives it now, from its beginning.
      this.#offset = chunk.offset + chunk.bytes.length;
      this.#then = chunk.then;
      this.#step(later);
    });
    if (!this.#isReading) this.#end(false, now);
  }

  #write(chunk: Uint8Array, now: number): void {
    const isLast = this.#then === "end";
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
        this.#then = "more";
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
