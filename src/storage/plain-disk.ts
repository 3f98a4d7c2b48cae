import { broken } from "../lib/assert.ts";
import { diskError } from "./disk-error.ts";
import type { FileHandle } from "./file-port.ts";
import type { BaseDisk } from "./page-cache.ts";

type File = { bytes: Uint8Array; length: number };

/**
 * What the disk of a simulated machine holds, as a base for VolatileDisk: it never loses, fails or
 * waits, and lives on when the machine does not. As on a real disk, an open file stays the same one
 * when its name changes or goes.
 */
export class PlainDisk implements BaseDisk {
  readonly #files = new Map<string, File>();
  readonly #open = new Map<FileHandle, File>();
  #handleNext = 3;

  /** Begins with copies of `files`, by path. */
  constructor(files: Iterable<readonly [string, Uint8Array]> = []) {
    for (const [path, bytes] of files) {
      this.#files.set(path, { bytes: bytes.slice(), length: bytes.length });
    }
  }

  /** All files by path, as views that the next write may change or leave behind. */
  files(): Map<string, Uint8Array> {
    const view = ({ bytes, length }: File): Uint8Array => bytes.subarray(0, length);
    return new Map([...this.#files].map(([path, file]) => [path, view(file)]));
  }

  get openFiles(): number {
    return this.#open.size;
  }

  mkdir(): void {}

  list(dir: string): string[] {
    const names = new Set<string>();
    const prefix = `${dir}/`;
    for (const path of this.#files.keys()) {
      if (path.startsWith(prefix)) names.add(path.slice(prefix.length).split("/", 1)[0]!);
    }
    return [...names];
  }

  open(path: string): FileHandle {
    this.#open.set(this.#handleNext, this.#file(path));
    return this.#handleNext++;
  }

  create(path: string): FileHandle {
    if (this.#files.has(path)) throw diskError("EEXIST", path);
    this.#files.set(path, { bytes: new Uint8Array(0), length: 0 });
    return this.open(path);
  }

  close(handle: FileHandle): void {
    if (!this.#open.delete(handle)) broken(`close of ${handle}, which is not open`);
  }

  read(path: string): Uint8Array {
    const { bytes, length } = this.#file(path);
    return bytes.slice(0, length);
  }

  readAt(handle: FileHandle, into: Uint8Array, position: number): number {
    const { bytes, length } = this.#opened(handle);
    const got = bytes.subarray(position, Math.min(position + into.length, length));
    into.set(got);
    return got.length;
  }

  write(handle: FileHandle, bytes: Uint8Array, start: number, end: number, position: number): void {
    const file = this.#opened(handle);
    const reach = position + end - start;
    if (reach > file.length) resize(file, reach);
    file.bytes.set(
      start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end),
      position,
    );
  }

  truncate(handle: FileHandle, length: number): void {
    resize(this.#opened(handle), length);
  }

  syncNow(): void {}

  rename(from: string, to: string): void {
    const file = this.#file(from);
    this.#files.delete(from);
    this.#files.set(to, file);
  }

  unlink(path: string): void {
    if (!this.#files.delete(path)) throw diskError("ENOENT", path);
  }

  syncDirNow(): void {}

  #file(path: string): File {
    const file = this.#files.get(path);
    if (file === undefined) throw diskError("ENOENT", path);
    return file;
  }

  #opened(handle: FileHandle): File {
    const file = this.#open.get(handle);
    if (file === undefined) broken(`file ${handle} is not open`);
    return file;
  }
}

/** Bytes beyond the length are zeros, so that growing into them needs no more than the new length. */
function resize(file: File, length: number): void {
  if (length > file.bytes.length) {
    const grown = new Uint8Array(Math.max(length, 2 * file.bytes.length));
    grown.set(file.bytes.subarray(0, file.length));
    file.bytes = grown;
  } else if (length < file.length) {
    file.bytes.fill(0, length, file.length);
  }
  file.length = length;
}
