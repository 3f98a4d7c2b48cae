import { assert } from "../../lib/assert.ts";
import type { Prng } from "../../lib/prng.ts";
import type { FileDone, FileHandle, FilePort } from "../../storage/file-port.ts";

const SECTOR_BYTES = 512;

type File = {
  /** What reads see: the page cache. */
  cached: Uint8Array;
  /** What is left after a loss of power. */
  durable: Uint8Array;
  nameIsDurable: boolean;
  /** Bounds of the writes since the last sync. */
  dirty: { readonly from: number; readonly to: number }[];
};

/**
 * A disk that keeps what was synced and, when the power goes, an arbitrary choice of the sectors
 * that were not. A sector of 512 bytes is written whole or not at all. A sync that fails leaves
 * the pages clean in the cache and lost on the disk, as Linux does ("fsyncgate").
 */
export class FragileDisk implements FilePort {
  readonly #files = new Map<string, File>();
  readonly #open = new Map<FileHandle, File>();
  readonly #random: Prng;
  readonly #queue: (() => void)[] = [];
  #handleNext = 3;
  /** The next sync of a file fails. */
  failNextSync = false;

  constructor(random: Prng) {
    this.#random = random;
  }

  /** Completes the oldest operation that is under way. Returns false when there is none. */
  settleOne(): boolean {
    const next = this.#queue.shift();
    next?.();
    return next !== undefined;
  }

  /** The disk as it is after a loss of power now. This one must not be used again. */
  losePower(): FragileDisk {
    const after = new FragileDisk(this.#random);
    for (const [path, file] of this.#files) {
      if (!file.nameIsDurable && this.#random.chance(0.5)) continue;
      for (const { from, to } of file.dirty) this.#tear(file, from, to);
      const { durable } = file;
      after.#files.set(path, {
        cached: durable.slice(),
        durable,
        nameIsDurable: true,
        dirty: [],
      });
    }
    return after;
  }

  /** Sets one bit, that was 0, anywhere in what is durable. */
  decay(): void {
    const { durable, cached } = this.#random.pick([...this.#files.values()]);
    // Where there is data: most of a segment is zeros that nobody reads.
    const end = durable.findLastIndex((byte) => byte !== 0);
    if (end < 0) return;
    const at = this.#random.below(end + 1);
    durable[at] = cached[at] = durable[at]! | (1 << this.#random.below(8));
  }

  mkdir(): void {}

  list(dir: string): string[] {
    const paths = [...this.#files.keys()].filter((path) => path.startsWith(`${dir}/`));
    return paths.map((path) => path.slice(dir.length + 1));
  }

  open(path: string): FileHandle {
    this.#open.set(this.#handleNext, this.#file(path));
    return this.#handleNext++;
  }

  create(path: string): FileHandle {
    assert(!this.#files.has(path), `${path} exists`);
    const nothing = new Uint8Array(0);
    this.#files.set(path, { cached: nothing, durable: nothing, nameIsDurable: false, dirty: [] });
    return this.open(path);
  }

  close(handle: FileHandle): void {
    assert(this.#open.delete(handle), `close of ${handle}, which is not open`);
  }

  read(path: string): Uint8Array {
    return this.#file(path).cached.slice();
  }

  readAt(handle: FileHandle, into: Uint8Array, position: number): number {
    const bytes = this.#opened(handle).cached.subarray(position, position + into.length);
    into.set(bytes);
    return bytes.length;
  }

  readLater(
    handle: FileHandle,
    into: Uint8Array,
    position: number,
    done: (error: Error | null, bytes: number) => void,
  ): void {
    const file = this.#opened(handle);
    this.#queue.push(() => {
      const bytes = file.cached.subarray(position, position + into.length);
      into.set(bytes);
      done(null, bytes.length);
    });
  }

  writeLater(handle: FileHandle, bytes: Uint8Array, position: number, done: FileDone): void {
    this.#opened(handle);
    this.#queue.push(() => {
      this.write(handle, bytes, 0, bytes.length, position);
      done(null);
    });
  }

  write(handle: FileHandle, bytes: Uint8Array, start: number, end: number, at: number): void {
    const file = this.#opened(handle);
    file.cached = grown(file.cached, at + end - start);
    file.cached.set(bytes.subarray(start, end), at);
    file.dirty.push({ from: at, to: at + end - start });
  }

  truncate(handle: FileHandle, length: number): void {
    const file = this.#opened(handle);
    file.cached = resized(file.cached, length);
    file.durable = resized(file.durable, length);
  }

  zero(handle: FileHandle, start: number, end: number, done: FileDone): void {
    const file = this.#opened(handle);
    this.#queue.push(() => {
      file.cached = grown(file.cached, end);
      file.cached.fill(0, start, end);
      persist(file);
      done(null);
    });
  }

  sync(handle: FileHandle, done: FileDone): void {
    const file = this.#opened(handle);
    this.#queue.push(() => done(this.#synced(file)));
  }

  syncNow(handle: FileHandle): void {
    const error = this.#synced(this.#opened(handle));
    if (error !== null) throw error;
  }

  rename(from: string, to: string): void {
    const file = this.#file(from);
    this.#files.delete(from);
    this.#files.set(to, file);
  }

  unlink(path: string): void {
    assert(this.#files.delete(path), `${path} does not exist`);
  }

  syncDir(dir: string, done: FileDone): void {
    this.#queue.push(() => {
      this.syncDirNow(dir);
      done(null);
    });
  }

  syncDirNow(dir: string): void {
    for (const name of this.list(dir)) this.#file(`${dir}/${name}`).nameIsDurable = true;
  }

  #synced(file: File): Error | null {
    if (!this.failNextSync) {
      persist(file);
      return null;
    }
    this.failNextSync = false;
    file.dirty = [];
    return Object.assign(new Error("EIO: sync"), { code: "EIO" });
  }

  /** Some of the sectors of a write that was not synced reach the disk. */
  #tear(file: File, from: number, to: number): void {
    for (let at = from - (from % SECTOR_BYTES); at < to; at += SECTOR_BYTES) {
      if (this.#random.chance(0.5)) continue;
      const end = Math.min(at + SECTOR_BYTES, file.cached.length);
      file.durable = grown(file.durable, end);
      file.durable.set(file.cached.subarray(at, end), at);
    }
  }

  #file(path: string): File {
    const file = this.#files.get(path);
    if (file === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: "ENOENT" });
    return file;
  }

  #opened(handle: FileHandle): File {
    const file = this.#open.get(handle);
    assert(file !== undefined, `file ${handle} is not open`);
    return file;
  }
}

/** All that was written since the last sync reaches the disk; what a failed one lost does not. */
function persist(file: File): void {
  file.durable = resized(file.durable, file.cached.length);
  for (const { from, to } of file.dirty) file.durable.set(file.cached.subarray(from, to), from);
  file.dirty = [];
}

function resized(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length === length) return bytes;
  const out = new Uint8Array(length);
  out.set(bytes.subarray(0, length));
  return out;
}

const grown = (bytes: Uint8Array, length: number): Uint8Array =>
  length <= bytes.length ? bytes : resized(bytes, length);
