import type { PowerLossKeeps } from "../fault/vocabulary.ts";
import { broken } from "../lib/assert.ts";
import type { Prng } from "../lib/prng.ts";
import { CachedNames, dirOf, type NameChange } from "./cached-names.ts";
import { diskError } from "./disk-error.ts";
import type { FileHandle, FilePort } from "./file-port.ts";
import { errorCode } from "./storage-error.ts";
import {
  applyChange,
  applySectors,
  cachedLength,
  type CachedFile,
  type Change,
  overlay,
} from "./cached-file.ts";

/** What outlives a loss of power: PlainDisk in the simulator, runtime/disk.ts below a real node. */
export type BaseDisk = Omit<FilePort, "readLater" | "writeLater" | "zero" | "sync" | "syncDir">;

/**
 * Files and names as all see them that use the machine, over a base that has what was synced. Holds
 * what was not in memory. Knows nothing of time and faults: VolatileDisk does.
 */
export class PageCache {
  readonly #base: BaseDisk;
  readonly #names: CachedNames;
  readonly #open = new Map<FileHandle, CachedFile>();
  /** Files with changes that a sync would make durable. */
  readonly #dirty = new Set<CachedFile>();
  #handleNext = 3;
  #orderNext = 1;

  constructor(base: BaseDisk) {
    this.#base = base;
    this.#names = new CachedNames(base);
  }

  list(dir: string): string[] {
    return this.#names.list(dir);
  }

  open(path: string): FileHandle {
    return this.#opened(this.#existing(path));
  }

  /** Throws EEXIST when there is one, and `refusal` then. */
  create(path: string, refusal: Error | null): FileHandle {
    const there = this.#find(path);
    if (there !== null) {
      this.#release(there);
      throw diskError("EEXIST", path);
    }
    if (refusal !== null) throw refusal;
    return this.#opened(this.#names.created(path, this.#orderNext++));
  }

  close(handle: FileHandle): void {
    const file = this.file(handle);
    this.#open.delete(handle);
    file.opens--;
    this.#release(file);
  }

  file(handle: FileHandle): CachedFile {
    const file = this.#open.get(handle);
    if (file === undefined) broken(`file ${handle} is not open`);
    return file;
  }

  read(path: string): Uint8Array {
    const file = this.#names.get(path);
    if (file === null) throw diskError("ENOENT", path);
    const bytes = this.#base.read(file?.basePath ?? path);
    if (file === undefined || file.changes.length === 0) return bytes;
    const whole = new Uint8Array(cachedLength(file.changes, bytes.length));
    const kept = bytes.subarray(0, whole.length);
    whole.set(kept);
    overlay(file.changes, whole, kept.length, 0);
    return whole;
  }

  readAt(file: CachedFile, into: Uint8Array, position: number): number {
    const got = this.#base.readAt(this.#handleOf(file), into, position);
    return overlay(file.changes, into, got, position);
  }

  /** `bytes` are kept; null: the file gets the length `at`. */
  change(file: CachedFile, at: number, bytes: Uint8Array | null): void {
    file.changes.push({ order: this.#orderNext++, at, bytes, lost: false });
    this.#dirty.add(file);
  }

  /** Puts a file's changes on the base. */
  flush(file: CachedFile): void {
    if (!this.#dirty.delete(file)) return;
    const handle = this.#handleOf(file);
    let lost = false;
    for (const change of file.changes) {
      if (change.lost) lost = true;
      else applyChange(this.#base, handle, change);
    }
    // What a failed sync lost stays in the cache, below what came later.
    if (lost) this.loseChanges(file);
    else file.changes = [];
  }

  /** The cache takes the changes for durable from now on, but the base never gets them. */
  loseChanges(file: CachedFile): void {
    for (const change of file.changes) change.lost = true;
    this.#dirty.delete(file);
  }

  /** Writes to the base, without a stay in the cache. */
  writeThrough(file: CachedFile, bytes: Uint8Array, length: number, position: number): void {
    this.flush(file);
    this.#base.write(this.#handleOf(file), bytes, 0, length, position);
  }

  /** Waits for the base, below which another power may be lost. */
  syncBase(file: CachedFile): void {
    this.#base.syncNow(this.#handleOf(file));
  }

  rename(from: string, to: string): void {
    const file = this.#existing(from);
    this.#names.renamed(file, from, to, this.#orderNext++);
    this.#release(file);
  }

  unlink(path: string): void {
    const file = this.#existing(path);
    this.#names.unlinked(file, path, this.#orderNext++);
    this.#release(file);
  }

  syncNames(dir: string): void {
    for (const file of this.#names.sync(dir)) this.#release(file);
  }

  /** What a loss of power could take, in the order of its making. */
  unsynced(): { readonly file: CachedFile; readonly change: Change | NameChange }[] {
    const all: { file: CachedFile; change: Change | NameChange }[] = [];
    for (const change of this.#names.changes) all.push({ file: change.file, change });
    for (const file of this.#dirty) {
      for (const change of file.changes) if (!change.lost) all.push({ file, change });
    }
    return all.sort((a, b) => a.change.order - b.change.order);
  }

  /** Puts what `keeps` says on the base and closes its files: this cache is at its end. */
  lose(keeps: PowerLossKeeps, random: Prng): void {
    const all = this.unsynced();
    const some = (): boolean => random.chance(0.5);
    let kept = keeps === "prefix" ? all.slice(0, random.below(all.length + 1)) : all;
    if (keeps === "nothing") kept = [];
    else if (keeps === "subset") kept = all.filter(some);
    for (const { file, change } of kept) {
      if ("dir" in change) {
        if (keeps !== "torn" || some()) this.#names.apply(change);
      } else if (!file.isGone) {
        const handle = this.#handleOf(file);
        if (keeps === "torn") applySectors(this.#base, handle, change, some);
        else applyChange(this.#base, handle, change);
      }
    }
    this.#names.forget();
    for (const file of new Set([...this.#open.values(), ...this.#dirty])) {
      file.opens = 0;
      this.#release(file);
    }
  }

  /** Null: there is none. */
  #find(path: string): CachedFile | null {
    this.#names.enter(dirOf(path));
    const known = this.#names.get(path);
    if (known !== undefined) return known;
    try {
      return this.#names.found(path, this.#base.open(path));
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error;
      return null;
    }
  }

  #existing(path: string): CachedFile {
    const file = this.#find(path);
    if (file === null) throw diskError("ENOENT", path);
    return file;
  }

  #opened(file: CachedFile): FileHandle {
    this.#handleOf(file);
    file.opens++;
    this.#open.set(this.#handleNext, file);
    return this.#handleNext++;
  }

  #handleOf(file: CachedFile): FileHandle {
    return (file.handle ??= this.#base.open(file.basePath));
  }

  /** The base has a file open while it is open here; one that is neither open nor named is nothing. */
  #release(file: CachedFile): void {
    if (file.opens > 0) return;
    if (file.isGone) {
      file.changes = [];
      this.#dirty.delete(file);
    }
    if (file.handle !== null) this.#base.close(file.handle);
    file.handle = null;
  }
}
