import type { PowerLossKeeps } from "../fault/vocabulary.ts";
import type { Prng } from "../lib/prng.ts";
import type { CachedFile } from "./cached-file.ts";
import { diskError } from "./disk-error.ts";
import type { FileDone, FileHandle, FilePort } from "./file-port.ts";
import { type BaseDisk, PageCache } from "./page-cache.ts";
import { errorCode } from "./storage-error.ts";

/** The moments at which a disk changes what it holds, or would hold after a loss of power. */
export type DiskPoint =
  "write" | "truncate" | "zero" | "sync" | "create" | "rename" | "unlink" | "syncDir";

export type VolatileDiskOptions = {
  /** Draws what a loss of power keeps; nothing else. */
  readonly prng: Prng;
  /**
   * Calls `work` in a later turn, once a disk would have done this operation on so many bytes (0 for
   * syncDir). Need not mind stalls and losses of power: the disk does.
   */
  readonly later: (operation: DiskWork, bytes: number, work: () => void) => void;
};

/** What takes time away from the event loop. */
export type DiskWork = "read" | "write" | "sync";

const ZEROS = new Uint8Array(128 << 10);

/**
 * A disk with a page cache that does not outlive its power, for chaos runs and the simulator. Reads
 * see all that was written; the base gets only what was synced: contents with the file's sync (`zero`
 * is one), names with the directory's. So whatever ends the process, even SIGKILL, is a loss of power
 * that keeps nothing; `losePower` is one that may keep more. The machine that starts again has a new
 * VolatileDisk over the same base.
 *
 * To be on the base is what counts as durable here: bytes get there in one turn, at the end of the
 * time that `later` takes for the sync, and never earlier. `syncNow` and `syncDirNow` also wait for
 * the base's; the others do not, so that a real loss of power may take all.
 *
 * The sync of a file does not make its name durable (POSIX; ext4 happens to). What is not synced is
 * held in memory. A file is renamed within its directory only.
 */
export class VolatileDisk implements FilePort {
  readonly #base: BaseDisk;
  readonly #options: VolatileDiskOptions;
  readonly #cache: PageCache;
  #hasPower = true;
  /** What the end of a stall is to set free; null: not stalled. */
  #held: (() => void)[] | null = null;

  /** EIO from every such operation. A failed sync loses what it should have written ("fsyncgate"). */
  failing: "write" | "sync" | null = null;
  /** ENOSPC from new files and from what is written beyond the end of a file. */
  full = false;
  /**
   * Called just before each such change, for `zero` before each piece, with the path of the file, or
   * of the directory for syncDir. It may take the power away (the change then does not happen), or
   * hold up the thread.
   */
  onPoint: (point: DiskPoint, path: string) => void = () => {};

  constructor(base: BaseDisk, options: VolatileDiskOptions) {
    this.#base = base;
    this.#options = options;
    this.#cache = new PageCache(base);
  }

  get hasPower(): boolean {
    return this.#hasPower;
  }

  /** How many changes of contents and names a loss of power now could take away. */
  get unsynced(): number {
    return this.#cache.unsynced().length;
  }

  /**
   * From now on nothing that runs away from the event loop ends, whenever it began, until `resume`.
   * What runs within a call is not held up: who wants that waits in `onPoint`.
   */
  stall(): void {
    this.#held ??= [];
  }

  /** Ends what was held up, in order. */
  resume(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const work of held) this.#settle(work);
  }

  /**
   * The machine loses its power: of what was not synced the base gets what `keeps` says. From now on
   * every operation but `close` throws (code EPOWER), and nothing that is under way calls back.
   */
  losePower(keeps: PowerLossKeeps): void {
    if (!this.#hasPower) return;
    this.#hasPower = false;
    this.#cache.lose(keeps, this.#options.prng);
  }

  mkdir(dir: string): void {
    this.#check(dir);
    this.#base.mkdir(dir);
  }

  list(dir: string): string[] {
    this.#check(dir);
    return this.#cache.list(dir);
  }

  open(path: string): FileHandle {
    this.#check(path);
    return this.#cache.open(path);
  }

  create(path: string): FileHandle {
    this.#point("create", path);
    return this.#cache.create(path, this.full ? diskError("ENOSPC", path) : null);
  }

  close(handle: FileHandle): void {
    if (this.#hasPower) this.#cache.close(handle);
  }

  read(path: string): Uint8Array {
    this.#check(path);
    return this.#cache.read(path);
  }

  readAt(handle: FileHandle, into: Uint8Array, position: number): number {
    return this.#cache.readAt(this.#file(handle), into, position);
  }

  readLater(
    handle: FileHandle,
    into: Uint8Array,
    position: number,
    done: (error: Error | null, bytes: number) => void,
  ): void {
    const file = this.#file(handle);
    let got = 0;
    const read = (): void => void (got = this.#cache.readAt(file, into, position));
    this.#later("read", into.length, read, (error) => done(error, got));
  }

  write(handle: FileHandle, bytes: Uint8Array, start: number, end: number, position: number): void {
    this.#write(this.#file(handle), bytes.slice(start, end), position);
  }

  writeLater(handle: FileHandle, bytes: Uint8Array, position: number, done: FileDone): void {
    const file = this.#file(handle);
    const write = (): void => this.#write(file, bytes.slice(), position);
    this.#later("write", bytes.length, write, done);
  }

  truncate(handle: FileHandle, length: number): void {
    const file = this.#file(handle);
    this.#point("truncate", file.path);
    if (this.failing === "write") throw diskError("EIO", file.path);
    this.#cache.change(file, length, null);
  }

  zero(handle: FileHandle, start: number, end: number, done: FileDone): void {
    const file = this.#file(handle);
    const length = Math.max(0, Math.min(ZEROS.length, end - start));
    const piece = (): void => {
      this.#point("zero", file.path);
      if (this.failing === "sync") this.#cache.loseChanges(file);
      if (this.failing !== null) throw diskError("EIO", file.path);
      this.#checkSpace(file, start + length);
      this.#cache.writeThrough(file, ZEROS, length, start);
    };
    this.#later("sync", length, piece, (error) => {
      if (error !== null || start + length >= end) return done(error);
      this.zero(handle, start + length, end, done);
    });
  }

  sync(handle: FileHandle, done: FileDone): void {
    const file = this.#file(handle);
    let bytes = 0;
    for (const change of file.changes) bytes += change.bytes?.length ?? 0;
    this.#later("sync", bytes, () => this.#sync(file), done);
  }

  syncNow(handle: FileHandle): void {
    const file = this.#file(handle);
    this.#sync(file);
    this.#cache.syncBase(file);
  }

  rename(from: string, to: string): void {
    this.#point("rename", from);
    this.#cache.rename(from, to);
  }

  unlink(path: string): void {
    this.#point("unlink", path);
    this.#cache.unlink(path);
  }

  syncDir(dir: string, done: FileDone): void {
    this.#check(dir);
    this.#later("sync", 0, () => this.#syncDir(dir), done);
  }

  syncDirNow(dir: string): void {
    this.#syncDir(dir);
    this.#base.syncDirNow(dir);
  }

  #write(file: CachedFile, bytes: Uint8Array, position: number): void {
    this.#point("write", file.path);
    if (this.failing === "write") throw diskError("EIO", file.path);
    this.#checkSpace(file, position + bytes.length);
    this.#cache.change(file, position, bytes);
  }

  #sync(file: CachedFile): void {
    this.#point("sync", file.path);
    if (this.failing !== "sync") return this.#cache.flush(file);
    this.#cache.loseChanges(file);
    throw diskError("EIO", file.path);
  }

  #syncDir(dir: string): void {
    this.#point("syncDir", dir);
    if (this.failing === "sync") throw diskError("EIO", dir);
    this.#cache.syncNames(dir);
  }

  /** Runs `work` after the time it takes, then `done` with the error it threw. */
  #later(operation: DiskWork, bytes: number, work: () => void, done: FileDone): void {
    const settle = (): void => {
      let failure: Error | null = null;
      try {
        work();
      } catch (error) {
        // Not a bug's: those are for nobody to handle.
        if (!(error instanceof Error) || errorCode(error) === "") throw error;
        failure = error;
      }
      if (this.#hasPower) done(failure);
    };
    this.#options.later(operation, bytes, () => this.#settle(settle));
  }

  #settle(work: () => void): void {
    if (!this.#hasPower) return;
    if (this.#held !== null) this.#held.push(work);
    else work();
  }

  #point(point: DiskPoint, path: string): void {
    this.#check(path);
    this.onPoint(point, path);
    this.#check(path);
  }

  #check(path: string): void {
    if (!this.#hasPower) throw diskError("EPOWER", path);
  }

  #file(handle: FileHandle): CachedFile {
    this.#check(`file ${handle}`);
    return this.#cache.file(handle);
  }

  /** A byte that can be read has its space. */
  #checkSpace(file: CachedFile, end: number): void {
    if (!this.full || end === 0) return;
    if (this.#cache.readAt(file, new Uint8Array(1), end - 1) === 0) {
      throw diskError("ENOSPC", file.path);
    }
  }
}
