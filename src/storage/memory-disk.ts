import { broken } from "../lib/assert.ts";
import { diskError } from "./disk-error.ts";
import type { FileDone, FileHandle, FilePort } from "./file-port.ts";

/** The parts of a path below which operations can be made to fail, and the names they go by. */
export type DiskOperation = Exclude<keyof FilePort, "close" | "list" | "mkdir">;

/**
 * A disk in memory, for tests of what lies above FilePort. What a real disk does away from the event
 * loop waits in a queue here, until `settle` or `settleOne` completes it. Keeps no difference between
 * written and durable: a test that cuts or changes `files` says itself what a crash left.
 */
export class MemoryDisk implements FilePort {
  readonly files: Map<string, Uint8Array>;
  /** Operations done so far, oldest first, as "operation name". */
  readonly done: string[] = [];
  /** Says which error an operation on a file must end with; null for none. */
  failWith: (operation: DiskOperation, path: string) => Error | null = () => null;
  readonly #open = new Map<FileHandle, string>();
  #handleNext = 3;
  readonly #queue: (() => void)[] = [];

  constructor(files: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.files = new Map([...files].map(([path, bytes]) => [path, bytes.slice()]));
  }

  /** Completes the oldest queued operation. Returns false when there is none. */
  settleOne(): boolean {
    const next = this.#queue.shift();
    next?.();
    return next !== undefined;
  }

  /** Completes queued operations, and those they lead to, until there are none. */
  settle(): void {
    while (this.settleOne());
  }

  get openFiles(): number {
    return this.#open.size;
  }

  mkdir(): void {}

  list(dir: string): string[] {
    const prefix = `${dir}/`;
    const below = [...this.files.keys()].filter((p) => p.startsWith(prefix));
    return [...new Set(below.map((p) => p.slice(prefix.length).split("/", 1)[0]!))];
  }

  open(path: string): FileHandle {
    this.#begin("open", path);
    this.#bytes(path);
    this.#open.set(this.#handleNext, path);
    return this.#handleNext++;
  }

  create(path: string): FileHandle {
    this.#begin("create", path);
    if (this.files.has(path)) throw diskError("EEXIST", path);
    this.files.set(path, new Uint8Array(0));
    this.#open.set(this.#handleNext, path);
    return this.#handleNext++;
  }

  close(file: FileHandle): void {
    if (!this.#open.delete(file)) broken(`close of ${file}, which is not open`);
  }

  read(path: string): Uint8Array {
    this.#begin("read", path);
    return this.#bytes(path).slice();
  }

  write(file: FileHandle, bytes: Uint8Array, start: number, end: number, position: number): void {
    const path = this.#path(file);
    this.#begin("write", path);
    this.#put(path, bytes.subarray(start, end), position);
  }

  readAt(file: FileHandle, into: Uint8Array, position: number): number {
    const path = this.#path(file);
    this.#begin("readAt", path);
    const bytes = this.#bytes(path).subarray(position, position + into.length);
    into.set(bytes);
    return bytes.length;
  }

  readLater(
    file: FileHandle,
    into: Uint8Array,
    position: number,
    done: (error: Error | null, bytes: number) => void,
  ): void {
    const path = this.#path(file);
    let got = 0;
    const read = (): void => {
      const bytes = this.#bytes(path).subarray(position, position + into.length);
      into.set(bytes);
      got = bytes.length;
    };
    this.#later("readLater", path, (error) => done(error, got), read);
  }

  writeLater(file: FileHandle, bytes: Uint8Array, position: number, done: FileDone): void {
    const path = this.#path(file);
    this.#later("writeLater", path, done, () => this.#put(path, bytes, position));
  }

  truncate(file: FileHandle, length: number): void {
    const path = this.#path(file);
    this.#begin("truncate", path);
    this.#setLength(path, length);
  }

  zero(file: FileHandle, start: number, end: number, done: FileDone): void {
    const path = this.#path(file);
    this.#later("zero", path, done, () => {
      if (end > this.#bytes(path).length) this.#setLength(path, end);
      this.#bytes(path).fill(0, start, end);
    });
  }

  sync(file: FileHandle, done: FileDone): void {
    this.#later("sync", this.#path(file), done, () => {});
  }

  syncNow(file: FileHandle): void {
    this.#begin("syncNow", this.#path(file));
  }

  rename(from: string, to: string): void {
    this.#begin("rename", from);
    this.files.set(to, this.#bytes(from));
    this.files.delete(from);
    for (const [file, path] of this.#open) if (path === from) this.#open.set(file, to);
  }

  unlink(path: string): void {
    this.#begin("unlink", path);
    this.#bytes(path);
    this.files.delete(path);
  }

  syncDir(dir: string, done: FileDone): void {
    this.#later("syncDir", dir, done, () => {});
  }

  syncDirNow(dir: string): void {
    this.#begin("syncDirNow", dir);
  }

  #begin(operation: DiskOperation, path: string): void {
    const error = this.failWith(operation, path);
    if (error !== null) throw error;
    this.done.push(`${operation} ${path.slice(path.lastIndexOf("/") + 1)}`);
  }

  #later(operation: DiskOperation, path: string, done: FileDone, work: () => void): void {
    this.#queue.push(() => {
      const error = this.failWith(operation, path);
      if (error !== null) return done(error);
      this.done.push(`${operation} ${path.slice(path.lastIndexOf("/") + 1)}`);
      work();
      done(null);
    });
  }

  #path(file: FileHandle): string {
    const path = this.#open.get(file);
    if (path === undefined) broken(`file ${file} is not open`);
    return path;
  }

  #bytes(path: string): Uint8Array {
    const bytes = this.files.get(path);
    if (bytes === undefined) throw diskError("ENOENT", path);
    return bytes;
  }

  #put(path: string, bytes: Uint8Array, position: number): void {
    const end = position + bytes.length;
    if (end > this.#bytes(path).length) this.#setLength(path, end);
    this.#bytes(path).set(bytes, position);
  }

  #setLength(path: string, length: number): void {
    const resized = new Uint8Array(length);
    resized.set(this.#bytes(path).subarray(0, length));
    this.files.set(path, resized);
  }
}
