import { hashKey } from "./key-table.ts";
import type { SessionRecord, SessionTable } from "./session-table.ts";
import {
  checkEntry,
  END_BYTES,
  ENTRY_ITEM_BYTES,
  FORMAT_VERSION,
  GONE_ITEM_BYTES,
  HEADER_BYTES,
  ITEM_END,
  ITEM_ENTRY,
  ITEM_GONE,
  ITEM_SESSION,
  MAGIC,
  PieceWriter,
  SESSION_BYTES,
  SnapshotFormatError,
} from "./snapshot-format.ts";
import type { SnapshotReader, SnapshotWriter } from "./state-machine.ts";
import type { KvStore } from "./store.ts";
import type { Sweep } from "./sweep.ts";

const BUFFER_BYTES = 512 << 10;
/** A restore begins with this and grows: most pieces are far smaller than the largest. */
const FIRST_BYTES = 16 << 10;

/** Reads the state of a store and its sessions as it was when this was made. */
export class StateReader implements SnapshotReader {
  readonly #out = new PieceWriter(BUFFER_BYTES);
  readonly #sweep: Sweep;
  readonly #sessions: IterableIterator<SessionRecord>;
  readonly #sessionCount: number;
  readonly #entryCount: number;
  #phase: "sessions" | "entries" | "end" | "closed" = "sessions";

  constructor(store: KvStore, sessions: SessionTable) {
    this.#out.header();
    this.#sessions = sessions.frozen();
    this.#sessionCount = sessions.size;
    this.#entryCount = store.size;
    this.#sweep = store.sweep(this.#out);
  }

  next(bytesMax: number): Uint8Array | null {
    if (this.#phase === "sessions") this.#stepSessions(bytesMax);
    if (this.#phase === "entries" && this.#out.pending < bytesMax && this.#sweep.step(bytesMax)) {
      this.#out.end(this.#sessionCount, this.#entryCount);
      this.#phase = "end";
    }
    if (this.#phase === "closed" || (this.#phase === "end" && this.#out.pending === 0)) return null;
    return this.#out.take(bytesMax);
  }

  close(): void {
    this.#sweep.close();
    this.#phase = "closed";
  }

  #stepSessions(bytesMax: number): void {
    // Sessions come first, so that an entry may be saved in between them: items tell what they are.
    while (this.#out.pending < bytesMax) {
      const { done, value } = this.#sessions.next();
      if (done === true) {
        this.#phase = "entries";
        return;
      }
      this.#out.session(value);
    }
  }
}

/**
 * Builds a store and sessions from such bytes; `replace` puts them in place of the old ones. `isStream`: of a shard on
 * its way, where an entry may come again.
 */
export class StateWriter implements SnapshotWriter {
  readonly #store: KvStore;
  readonly #sessions: SessionTable;
  readonly #replace: () => void;
  readonly #isStream: boolean;
  #bytes = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #from = 0;
  #to = 0;
  #phase: "header" | "items" | "end" | "finished" = "header";

  constructor(store: KvStore, sessions: SessionTable, replace: () => void, isStream = false) {
    this.#store = store;
    this.#sessions = sessions;
    this.#replace = replace;
    this.#isStream = isStream;
  }

  write(bytes: Uint8Array): void {
    this.#append(bytes);
    if (this.#phase === "header" && this.#to - this.#from >= HEADER_BYTES) this.#readHeader();
    while (this.#phase === "items" && this.#to > this.#from) if (!this.#readItem()) return;
    if (this.#phase === "end" && this.#to > this.#from) {
      throw new SnapshotFormatError(`${this.#to - this.#from} bytes after the end`);
    }
  }

  finish(): void {
    if (this.#phase !== "end") throw new SnapshotFormatError("the snapshot is cut short");
    this.#phase = "finished";
    this.#replace();
  }

  #append(bytes: Uint8Array): void {
    if (this.#to + bytes.length > this.#bytes.length) {
      const kept = this.#bytes.subarray(this.#from, this.#to);
      const needed = kept.length + bytes.length;
      if (needed > this.#bytes.length) {
        this.#bytes = new Uint8Array(Math.max(2 * this.#bytes.length, needed));
        this.#view = new DataView(this.#bytes.buffer);
        this.#bytes.set(kept);
      } else {
        this.#bytes.copyWithin(0, this.#from, this.#to);
      }
      this.#to = kept.length;
      this.#from = 0;
    }
    this.#bytes.set(bytes, this.#to);
    this.#to += bytes.length;
  }

  #readHeader(): void {
    const magic = this.#view.getUint32(this.#from, true);
    const version = this.#view.getUint32(this.#from + 4, true);
    if (magic !== MAGIC) throw new SnapshotFormatError("this is no state of this store");
    if (version !== FORMAT_VERSION) {
      throw new SnapshotFormatError(`state in format ${version}, known is ${FORMAT_VERSION}`);
    }
    this.#from += HEADER_BYTES;
    this.#phase = "items";
  }

  /** Returns false when the item is not whole yet. */
  #readItem(): boolean {
    const kind = this.#view.getUint8(this.#from);
    switch (kind) {
      case ITEM_SESSION:
        return this.#readSession();
      case ITEM_ENTRY:
        return this.#readEntry();
      case ITEM_GONE:
        return this.#readGone();
      case ITEM_END:
        return this.#readEnd();
      default:
        throw new SnapshotFormatError(`item kind ${kind} is not known`);
    }
  }

  #readSession(): boolean {
    const at = this.#from;
    if (this.#to - at < SESSION_BYTES) return false;
    const view = this.#view;
    const restored = this.#sessions.restore({
      id: view.getFloat64(at + 1, true),
      seq: view.getUint32(at + 9, true),
      status: view.getUint8(at + 13),
      version: view.getFloat64(at + 14, true),
      index: view.getFloat64(at + 22, true),
    });
    if (!restored) throw new SnapshotFormatError("a session twice, or one too many");
    this.#from += SESSION_BYTES;
    return true;
  }

  #readEntry(): boolean {
    const at = this.#from;
    if (this.#to - at < ENTRY_ITEM_BYTES) return false;
    const keyBytes = this.#view.getUint16(at + 1, true);
    const valueBytes = this.#view.getUint32(at + 3, true);
    const version = this.#view.getFloat64(at + 7, true);
    checkEntry(keyBytes, valueBytes, version);
    const keyAt = at + ENTRY_ITEM_BYTES;
    const end = keyAt + keyBytes + valueBytes;
    if (this.#to < end) return false;
    const bytes = this.#bytes;
    if (this.#isStream) this.#store.remove(this.#view, keyAt, keyBytes);
    if (!this.#store.restore(bytes, this.#view, keyAt, keyBytes, valueBytes, version)) {
      throw new SnapshotFormatError(
        `a key twice, of hash ${hashKey(this.#view, keyAt, keyBytes).toString(16)}`,
      );
    }
    this.#from = end;
    return true;
  }

  #readGone(): boolean {
    const at = this.#from;
    if (this.#to - at < GONE_ITEM_BYTES) return false;
    if (!this.#isStream) throw new SnapshotFormatError("a key that is gone");
    const keyBytes = this.#view.getUint16(at + 1, true);
    const end = at + GONE_ITEM_BYTES + keyBytes;
    if (this.#to < end) return false;
    this.#store.remove(this.#view, at + GONE_ITEM_BYTES, keyBytes);
    this.#from = end;
    return true;
  }

  #readEnd(): boolean {
    const at = this.#from;
    if (this.#to - at < END_BYTES) return false;
    const sessions = this.#view.getFloat64(at + 1, true);
    const entries = this.#view.getFloat64(at + 9, true);
    if (sessions !== this.#sessions.size || entries !== this.#store.size) {
      throw new SnapshotFormatError(
        `${this.#sessions.size} sessions and ${this.#store.size} entries, not ${sessions} and ${entries}`,
      );
    }
    this.#from += END_BYTES;
    this.#phase = "end";
    return true;
  }
}
