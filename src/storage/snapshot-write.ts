import { assert } from "../lib/assert.ts";
import type { SnapshotMeta } from "../raft/api.ts";
import { WireError } from "../wire/bytes.ts";
import type { FileHandle, FilePort } from "./file-port.ts";
import type { StorageIdentity } from "./log-storage.ts";
import { CHUNK_HEAD_BYTES, type SnapshotDecoder, SnapshotEncoder } from "./snapshot-format.ts";
import type { SnapshotReceiver, SnapshotSink, StoredSnapshot } from "./snapshot-storage.ts";

/**
 * After so many bytes the file is synced: a sync of the log that comes meanwhile waits for these and
 * not for a gigabyte, and the kernel never gets to throttle the writer.
 */
const SYNC_BYTES = 1 << 20;
/** A receiver whose sync has not ended by then waits for the disk: its leader is too fast for it. */
const UNSYNCED_BYTES_MAX = 32 << 20;

type Done = (error: Error | null) => void;

/** A snapshot of our own state on its way into a temporary file, away from the event loop. */
export class StateFile implements SnapshotSink {
  readonly #port: FilePort;
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #encoder: SnapshotEncoder;
  readonly #publish: (totalBytes: number, done: Done) => void;
  /** For the chunk that is being written, one after the other. */
  #room = new Uint8Array(0);
  #offset: number;
  #unsynced = 0;
  #busy = false;
  #over = false;
  #isLeft = false;

  constructor(
    port: FilePort,
    path: string,
    meta: SnapshotMeta,
    identity: StorageIdentity,
    publish: (totalBytes: number, done: Done) => void,
  ) {
    this.#port = port;
    this.#path = path;
    this.#file = port.create(path);
    this.#encoder = new SnapshotEncoder(meta, identity);
    this.#publish = publish;
    const { header } = this.#encoder;
    try {
      port.write(this.#file, header, 0, header.length, 0);
    } catch (error) {
      this.#discard();
      throw error;
    }
    this.#offset = header.length;
  }

  write(bytes: Uint8Array, done: Done): void {
    this.#put(bytes.length === 0 ? bytes : this.#chunk(bytes), done);
  }

  finish(done: Done): void {
    this.#unsynced = SYNC_BYTES; // So that the end is synced, and all before it.
    this.#put(this.#encoder.end(), (error) => {
      if (error !== null) return done(error);
      this.#over = true;
      this.#port.close(this.#file);
      this.#publish(this.#offset, done);
    });
  }

  abandon(): void {
    if (this.#over) return;
    this.#over = true;
    // A file with work under way is closed when that ends: its number must not be reused before.
    if (!this.#busy) this.#discard();
  }

  /**
   * As abandon, and leaves the file to the next start: the directory may be another process's when the
   * work under way has ended.
   */
  leave(): void {
    this.#isLeft = true;
    this.abandon();
  }

  #chunk(bytes: Uint8Array): Uint8Array {
    assert(!this.#busy, "the chunk before is still being written");
    const length = CHUNK_HEAD_BYTES + bytes.length;
    if (this.#room.length < length) this.#room = new Uint8Array(length);
    return this.#encoder.chunk(bytes, this.#room);
  }

  #put(bytes: Uint8Array, done: Done): void {
    assert(!this.#busy && !this.#over, "one write to a snapshot at a time");
    this.#busy = true;
    this.#port.writeLater(this.#file, bytes, this.#offset, (error) => {
      this.#offset += bytes.length;
      this.#unsynced += bytes.length;
      if (error !== null || this.#over || this.#unsynced < SYNC_BYTES)
        return this.#ended(error, done);
      this.#unsynced = 0;
      this.#port.sync(this.#file, (syncError) => this.#ended(syncError, done));
    });
  }

  #ended(error: Error | null, done: Done): void {
    this.#busy = false;
    if (this.#over) return this.#discard();
    if (error === null) return done(null);
    this.#over = true;
    this.#discard();
    done(error);
  }

  #discard(): void {
    this.#port.close(this.#file);
    if (!this.#isLeft) this.#port.unlink(this.#path);
  }
}

/** A leader's snapshot on its way into a temporary file; checked as it comes. */
export class ReceivedFile implements SnapshotReceiver {
  readonly #port: FilePort;
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #expected: StoredSnapshot;
  readonly #decoder: SnapshotDecoder;
  readonly #publish: (done: Done) => void;
  #offset = 0;
  #unsynced = 0;
  #syncing = false;
  #syncError: Error | null = null;
  /** Waits for the sync under way: all has come. */
  #finishing: (() => void) | null = null;
  #over = false;
  #isLeft = false;

  constructor(
    port: FilePort,
    path: string,
    expected: StoredSnapshot,
    decoder: SnapshotDecoder,
    publish: (done: Done) => void,
  ) {
    this.#port = port;
    this.#path = path;
    this.#expected = expected;
    this.#decoder = decoder;
    this.#publish = publish;
    this.#file = port.create(path);
  }

  write(data: Uint8Array): void {
    assert(!this.#over, "the snapshot is not being received any more");
    this.#port.write(this.#file, data, 0, data.length, this.#offset);
    this.#offset += data.length;
    this.#unsynced += data.length;
    if (this.#unsynced >= SYNC_BYTES && !this.#syncing) this.#sync(() => this.#finishing?.());
    else if (this.#unsynced >= UNSYNCED_BYTES_MAX) {
      this.#port.syncNow(this.#file);
      this.#unsynced = 0;
    }
    this.#decoder.write(data);
    const { meta } = this.#decoder;
    if (meta === null) return;
    const { lastIndex, lastTerm } = this.#expected.meta;
    if (meta.lastIndex === lastIndex && meta.lastTerm === lastTerm) return;
    throw new WireError(`snapshot: it is ${meta.lastIndex}@${meta.lastTerm} inside`);
  }

  finish(done: (problem: string | null) => void): void {
    const { totalBytes } = this.#expected;
    if (!this.#decoder.ended || this.#offset !== totalBytes) {
      this.abandon();
      return done(`snapshot: ${this.#offset} of ${totalBytes} bytes, or no end`);
    }
    this.#finishing = () => {
      this.#finishing = null;
      this.#sync(() => this.#finished(done));
    };
    if (!this.#syncing) this.#finishing();
  }

  abandon(): void {
    if (this.#over) return;
    this.#over = true;
    if (!this.#syncing) this.#discard();
  }

  /**
   * As abandon, and leaves the file to the next start: the directory may be another process's when the
   * work under way has ended.
   */
  leave(): void {
    this.#isLeft = true;
    this.abandon();
  }

  #sync(synced: () => void): void {
    this.#unsynced = 0;
    this.#syncing = true;
    this.#port.sync(this.#file, (error) => {
      this.#syncing = false;
      this.#syncError ??= error;
      if (this.#over) this.#discard();
      else synced();
    });
  }

  #finished(done: (problem: string | null) => void): void {
    this.#over = true;
    if (this.#syncError !== null) {
      this.#discard();
      return done(this.#syncError.message);
    }
    this.#port.close(this.#file);
    this.#publish((error) => done(error === null ? null : error.message));
  }

  #discard(): void {
    this.#port.close(this.#file);
    if (!this.#isLeft) this.#port.unlink(this.#path);
  }
}
