import type { SessionedStore } from "./sessions.ts";
import type { SessionRecord } from "./session-table.ts";
import type { ShardChunk } from "./shard-ops.ts";
import { PieceWriter } from "./snapshot-format.ts";
import { KvStore, type StoredEntry } from "./store.ts";

/** So that a piece, which ends with the entry that reaches this, is mostly one chunk of SHARD_CHUNK_BYTES. */
const PIECE_BYTES = 120 << 10;
const BUFFER_BYTES = 256 << 10;
/** Pieces that can be had again: who writes them to a log has a few under way, and may lose some. */
const KEPT_MAX = 8;
/** What has changed is sent again while the shard is still served, until it fits one piece; this often at most. */
const ROUNDS_MAX = 6;
/** So many keys may change within a round, or as many as the shard has: after that the whole is no more than they are. */
const CHANGED_MIN = 16_384;

type Piece = { readonly offset: number; readonly bytes: Uint8Array };

/**
 * A shard as bytes, read while it is being served, up to the keys that go on changing, and on to its end once it
 * is frozen: every entry, then in rounds those that have changed meanwhile, then those that have changed since, and the
 * sessions. A key comes again when it has changed, and as gone when it was deleted (snapshot-format.ts): what it came
 * as last is what it is. Belongs to one process: another one has another order.
 *
 * The owner of the store tells it of every write (`changed`) from its beginning on.
 */
export class ShardStream {
  /** Names it, among all of this shard. */
  readonly id: number;
  readonly #source: SessionedStore;
  readonly #out = new PieceWriter(BUFFER_BYTES);
  #entries: Iterator<StoredEntry>;
  #sessions: Iterator<SessionRecord> | null = null;
  /** Keys, as those of a store without values: what is to be sent once more. */
  #changed = new KvStore();
  /** Those of the round that is being sent. */
  #sending: Iterator<StoredEntry> = [].values();
  #rounds = 0;
  #isOutrun = false;
  #phase: "entries" | "round" | "served" | "last" | "sessions" | "end" = "entries";
  #pieces: Piece[] = [];
  #offset = 0;

  constructor(id: number, source: SessionedStore) {
    this.id = id;
    this.#source = source;
    this.#entries = source.store.entriesWhileServed();
    this.#out.header();
  }

  /** The key at `bytes[keyAt…]` has been written, or deleted. */
  changed(bytes: Uint8Array, view: DataView, keyAt: number, keyBytes: number): void {
    if (this.#isOutrun) return;
    this.#changed.restore(bytes, view, keyAt, keyBytes, 0, 1);
    if (this.#changed.size <= Math.max(CHANGED_MIN, this.#source.store.size)) return;
    this.#isOutrun = true;
    this.#changed = new KvStore();
  }

  /**
   * At most `bytesMax` bytes from `offset` on; `isFrozen`: nothing changes any more. Null: these cannot be had (again)
   * from this stream, another one is to begin.
   */
  read(
    offset: number,
    bytesMax: number,
    isFrozen: boolean,
  ): Pick<ShardChunk, "bytes" | "then"> | null {
    // More changes than can be sent: it must stand still.
    if (this.#isOutrun) return isFrozen ? null : { bytes: new Uint8Array(0), then: "freeze" };
    const isKept = offset === this.#offset || this.#pieces.some((piece) => has(piece, offset));
    if (!isKept) return null;
    if (offset === this.#offset) this.#pull(isFrozen);
    const piece = this.#pieces.find((one) => has(one, offset));
    if (piece === undefined) return { bytes: new Uint8Array(0), then: this.#then() };
    const from = offset - piece.offset;
    const bytes = piece.bytes.subarray(from, from + bytesMax);
    return { bytes, then: offset + bytes.length === this.#offset ? this.#then() : "more" };
  }

  /** What comes after the last piece. */
  #then(): ShardChunk["then"] {
    if (this.#out.pending > 0) return "more";
    if (this.#phase === "end") return "end";
    return this.#phase === "served" ? "freeze" : "more";
  }

  #pull(isFrozen: boolean): void {
    if (this.#phase === "served" && isFrozen) this.#begin("last");
    while (this.#out.pending < PIECE_BYTES && this.#step(isFrozen));
    if (this.#out.pending === 0) return;
    const bytes = this.#out.take(PIECE_BYTES).slice(); // The writer uses its buffer again.
    this.#pieces = [...this.#pieces, { offset: this.#offset, bytes }].slice(-KEPT_MAX);
    this.#offset += bytes.length;
  }

  /** Writes one item, or goes on to what follows; false: there is no more now. */
  #step(isFrozen: boolean): boolean {
    switch (this.#phase) {
      case "entries":
        return this.#stepEntry() || this.#nextRound(isFrozen);
      case "round":
        return this.#stepChanged() || this.#nextRound(isFrozen);
      case "last":
        return this.#stepChanged() || this.#beginSessions();
      case "sessions":
        return this.#stepSession() || this.#end();
      case "served":
      case "end":
        return false;
    }
  }

  #stepEntry(): boolean {
    const { done, value } = this.#entries.next();
    if (done !== true) this.#write(value);
    return done !== true;
  }

  #stepChanged(): boolean {
    const { done, value } = this.#sending.next();
    if (done === true) return false;
    const entry = this.#source.store.entryOf(value.key);
    if (entry === null) this.#out.gone(value.key);
    else this.#write(entry);
    return true;
  }

  #stepSession(): boolean {
    const { done, value } = this.#sessions!.next();
    if (done !== true) this.#out.session(value);
    return done !== true;
  }

  #nextRound(isFrozen: boolean): boolean {
    if (isFrozen) return this.#begin("last");
    if (this.#rounds < ROUNDS_MAX && this.#changedBytes() > PIECE_BYTES) {
      this.#rounds++;
      return this.#begin("round");
    }
    this.#phase = "served";
    return false;
  }

  #begin(phase: "round" | "last"): true {
    this.#phase = phase;
    this.#sending = this.#changed.entries();
    this.#changed = new KvStore();
    return true;
  }

  #beginSessions(): true {
    this.#phase = "sessions";
    this.#sessions = this.#source.sessionRecords();
    return true;
  }

  #end(): false {
    this.#out.end(this.#source.sessionCount, this.#source.store.size);
    this.#phase = "end";
    return false;
  }

  /** Of what would be sent now, or somewhat more than a piece. */
  #changedBytes(): number {
    let bytes = 0;
    for (const { key } of this.#changed.entries()) {
      bytes += key.length + (this.#source.store.entryOf(key)?.value.length ?? 0);
      if (bytes > PIECE_BYTES) break;
    }
    return bytes;
  }

  #write({ key, value, version }: StoredEntry): void {
    const at = key.byteOffset;
    this.#out.entry(new Uint8Array(key.buffer), at, key.length, value.length, version);
  }
}

const has = ({ offset, bytes }: Piece, at: number): boolean =>
  at >= offset && at < offset + bytes.length;
