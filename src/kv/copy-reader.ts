import type { SessionedStore } from "./sessions.ts";
import type { SnapshotReader } from "./state-machine.ts";

/** So that a piece, which ends with the entry that reaches this, is mostly one chunk of SHARD_CHUNK_BYTES. */
const PIECE_BYTES = 120 << 10;

/** Reads a frozen copy of a shard at any offset: a step forward costs what it reads, one back all. */
export class CopyReader {
  readonly #store: SessionedStore;
  #reader: SnapshotReader;
  /** Where `#piece` begins in the whole. */
  #offset = 0;
  #piece: Uint8Array | null;
  /** The one after it: null says that `#piece` is the last. */
  #ahead: Uint8Array | null;

  constructor(store: SessionedStore) {
    this.#store = store;
    this.#reader = store.readFrozen();
    this.#piece = this.#pull();
    this.#ahead = this.#pull();
  }

  /** From `offset` on, at least one and at most `bytesMax` bytes; null: the whole is not so long. */
  read(
    offset: number,
    bytesMax: number,
  ): { readonly bytes: Uint8Array; readonly last: boolean } | null {
    if (offset < this.#offset) this.#restart();
    while (this.#piece !== null && offset >= this.#offset + this.#piece.length) this.#advance();
    if (this.#piece === null) return null;
    const from = offset - this.#offset;
    const bytes = this.#piece.subarray(from, from + bytesMax);
    const last = this.#ahead === null && from + bytes.length === this.#piece.length;
    return { bytes, last };
  }

  #restart(): void {
    this.#reader = this.#store.readFrozen();
    this.#offset = 0;
    this.#piece = this.#pull();
    this.#ahead = this.#pull();
  }

  #advance(): void {
    this.#offset += this.#piece!.length;
    this.#piece = this.#ahead;
    this.#ahead = this.#piece === null ? null : this.#pull();
  }

  /** A copy: the reader writes to its buffer again. */
  #pull(): Uint8Array | null {
    return this.#reader.next(PIECE_BYTES)?.slice() ?? null;
  }
}
