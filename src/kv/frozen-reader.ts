import type { SessionRecord, SessionTable } from "./session-table.ts";
import { PieceWriter } from "./snapshot-format.ts";
import type { SnapshotReader } from "./state-machine.ts";
import type { KvStore, StoredEntry } from "./store.ts";

const BUFFER_BYTES = 256 << 10;

/**
 * Reads a state that does not change any more, in the format of snapshots. Unlike a StateReader it leaves the
 * store alone, so that any number of them, and a snapshot, may read at once.
 */
export class FrozenReader implements SnapshotReader {
  readonly #out = new PieceWriter(BUFFER_BYTES);
  readonly #sessions: Iterator<SessionRecord>;
  readonly #entries: Iterator<StoredEntry>;
  readonly #counts: { readonly sessions: number; readonly entries: number };
  #phase: "sessions" | "entries" | "end" | "closed" = "sessions";

  constructor(store: KvStore, sessions: SessionTable) {
    this.#out.header();
    this.#sessions = sessions.frozen();
    this.#entries = store.entries();
    this.#counts = { sessions: sessions.size, entries: store.size };
  }

  next(bytesMax: number): Uint8Array | null {
    while (this.#out.pending < bytesMax && this.#step());
    if (this.#phase === "closed" || this.#out.pending === 0) return null;
    return this.#out.take(bytesMax);
  }

  close(): void {
    this.#phase = "closed";
  }

  /** Writes one item; false: there is no more. */
  #step(): boolean {
    if (this.#phase === "sessions") {
      const { done, value } = this.#sessions.next();
      if (done === true) this.#phase = "entries";
      else this.#out.session(value);
      return true;
    }
    if (this.#phase !== "entries") return false;
    const { done, value } = this.#entries.next();
    if (done !== true) {
      const {
        key,
        value: { length },
        version,
      } = value;
      const at = key.byteOffset;
      this.#out.entry(new Uint8Array(key.buffer), at, key.length, length, version);
      return true;
    }
    this.#out.end(this.#counts.sessions, this.#counts.entries);
    this.#phase = "end";
    return false;
  }
}
