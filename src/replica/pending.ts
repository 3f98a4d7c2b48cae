import { copyBytes } from "../lib/copy.ts";
import type { Millis } from "../raft/api.ts";
import { ENTRY_HEADER_BYTES } from "../raft/batch.ts";

/**
 * Batches of one leader are cut from chunks of this size; a larger command gets its own chunk. The first one is
 * small, and each is twice as large as the one before: of many groups on a node most are hardly used.
 */
const CHUNK_BYTES = 1 << 20;
const FIRST_CHUNK_BYTES = 1 << 10;
/** Of the reads of one turn. */
const FIRST_READS_BYTES = 1 << 12;
const NO_BYTES = new Uint8Array(0);
const NO_VIEW = new DataView(NO_BYTES.buffer);

/**
 * Tags of commands are odd, those of reads even: the core tells by the tag alone what it refuses, and what it
 * refuses of one kind must not end the other.
 */
const FIRST_COMMAND_TAG = 1;
export const FIRST_READ_TAG = 2;
const TAG_STEP = 2;

/** How many reads a replica has served, by what confirmed them; local ones by nothing. */
export type ReadCounts = { byLease: number; byRound: number; local: number };

/** Who waits for the entries of one batch, in order. */
export type Waiting = {
  readonly tag: number;
  readonly bytes: Uint8Array;
  readonly clients: number[];
  readonly requestIds: number[];
  /** Once the core has taken it: where it is in the log. 0 before. */
  firstIndex: number;
  term: number;
  /** Entries answered so far. */
  answered: number;
  /** When they arrived, the first of them at the earliest: Ports.arrivedAt. */
  arrivedAt: Millis;
};

/**
 * Gathers the commands that arrive in an event-loop turn into batches, encoded as in EntryBatch.
 * Their bytes go to the log, the WAL and the wire as they are; a chunk is freed with the last
 * batch that is a view of it.
 */
export class BatchBuilder {
  #chunk: Uint8Array = NO_BYTES;
  #view: DataView = NO_VIEW;
  #start = 0;
  #at = 0;
  #clients: number[] = [];
  #requestIds: number[] = [];
  #sealed: Waiting[] = [];
  #nextTag = FIRST_COMMAND_TAG;

  get isEmpty(): boolean {
    return this.#clients.length === 0 && this.#sealed.length === 0;
  }

  add(client: number, requestId: number, bytes: Uint8Array, at: number, end: number): void {
    const size = ENTRY_HEADER_BYTES + end - at;
    if (this.#at + size > this.#chunk.length) this.#newChunk(size);
    this.#view.setUint32(this.#at, end - at, true);
    copyBytes(bytes, at, end, this.#chunk, this.#at + ENTRY_HEADER_BYTES);
    this.#at += size;
    this.#clients.push(client);
    this.#requestIds.push(requestId);
  }

  /** Ends the turn: what was gathered, as one batch or, if a chunk ran full, several. */
  take(arrivedAt: Millis): readonly Waiting[] {
    this.#seal();
    const sealed = this.#sealed;
    for (const batch of sealed) batch.arrivedAt = arrivedAt;
    this.#sealed = [];
    return sealed;
  }

  #seal(): void {
    if (this.#clients.length === 0) return;
    const tag = this.#nextTag;
    this.#nextTag += TAG_STEP;
    this.#sealed.push({
      tag,
      bytes: this.#chunk.subarray(this.#start, this.#at),
      clients: this.#clients,
      requestIds: this.#requestIds,
      firstIndex: 0,
      term: 0,
      answered: 0,
      arrivedAt: 0,
    });
    this.#clients = [];
    this.#requestIds = [];
    this.#start = this.#at;
  }

  /** What the turn has gathered moves along, unless it would be more than the largest chunk. */
  #newChunk(size: number): void {
    if (this.#at - this.#start + size > CHUNK_BYTES) this.#seal();
    const begun = this.#chunk.subarray(this.#start, this.#at);
    const grown = Math.min(CHUNK_BYTES, 2 * this.#chunk.length);
    this.#chunk = new Uint8Array(Math.max(FIRST_CHUNK_BYTES, grown, begun.length + size));
    this.#chunk.set(begun);
    this.#view = new DataView(this.#chunk.buffer);
    this.#start = 0;
    this.#at = begun.length;
  }
}

/** The linearizable gets of one turn: confirmed together by one round of heartbeats. */
export class ReadBatch {
  readonly tag: number;
  readonly clients: number[] = [];
  readonly requestIds: number[] = [];
  /** The commands, encoded as in EntryBatch. */
  bytes: Uint8Array = NO_BYTES;
  view: DataView = NO_VIEW;
  /** Set when confirmed: serve once this index is applied. */
  index = 0;
  byLease = false;
  /** As of a Waiting. */
  arrivedAt: Millis = 0;
  #size = 0;

  constructor(tag: number) {
    this.tag = tag;
  }

  /** The batch of the turns after it. */
  next(): ReadBatch {
    return new ReadBatch(this.tag + TAG_STEP);
  }

  add(client: number, requestId: number, bytes: Uint8Array, at: number, end: number): void {
    const start = this.#size + ENTRY_HEADER_BYTES;
    const size = start + end - at;
    if (size > this.bytes.length) {
      const grown = new Uint8Array(Math.max(FIRST_READS_BYTES, this.bytes.length * 2, size));
      grown.set(this.bytes.subarray(0, this.#size));
      this.bytes = grown;
      this.view = new DataView(grown.buffer);
    }
    this.view.setUint32(this.#size, end - at, true);
    copyBytes(bytes, at, end, this.bytes, start);
    this.#size = size;
    this.clients.push(client);
    this.requestIds.push(requestId);
  }
}
