import type { FileDone, FileHandle, FilePort } from "../../src/storage/file-port.ts";

/** A disk that takes everything at once and keeps nothing: what is measured on it is not the disk. */
export class NullDisk implements FilePort {
  readonly #later: FileDone[] = [];
  #handles = 2;

  /** Ends what a real disk does away from the event loop, and what that leads to. */
  settle(): void {
    for (let done = this.#later.shift(); done !== undefined; done = this.#later.shift()) done(null);
  }

  create(): FileHandle {
    return ++this.#handles;
  }

  open(): FileHandle {
    return ++this.#handles;
  }

  list(): string[] {
    return [];
  }

  read(): Uint8Array {
    return new Uint8Array(0);
  }

  readAt(): number {
    return 0;
  }

  readLater(
    _file: FileHandle,
    _into: Uint8Array,
    _position: number,
    done: (error: Error | null, bytes: number) => void,
  ): void {
    this.#later.push((error) => done(error, 0));
  }

  writeLater(_file: FileHandle, _bytes: Uint8Array, _position: number, done: FileDone): void {
    this.#later.push(done);
  }

  zero(_file: FileHandle, _start: number, _end: number, done: FileDone): void {
    this.#later.push(done);
  }

  sync(_file: FileHandle, done: FileDone): void {
    this.#later.push(done);
  }

  syncDir(_dir: string, done: FileDone): void {
    this.#later.push(done);
  }

  mkdir(): void {}
  close(): void {}
  write(): void {}
  truncate(): void {}
  syncNow(): void {}
  rename(): void {}
  unlink(): void {}
  syncDirNow(): void {}
}
