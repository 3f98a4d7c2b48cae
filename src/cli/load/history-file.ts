import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { UserError } from "../../lib/user-error.ts";

/** What a disk may lag behind before the run is given up instead of filling the memory. */
const PENDING_BYTES_MAX = 256 << 20;

/** A file that is written in order, without holding up the event loop. */
export class HistoryFile {
  readonly #file: FileHandle;
  #pendingBytes = 0;
  #writes: Promise<void> = Promise.resolve();
  #error: Error | null = null;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Creates the file, and its directory. Throws UserError when that cannot be. */
  static async create(path: string): Promise<HistoryFile> {
    try {
      await mkdir(dirname(path), { recursive: true });
      return new HistoryFile(await open(path, "w"));
    } catch (error) {
      throw new UserError("cannot write the history", [
        {
          where: path,
          what: (error as Error).message,
          fix: "name a file in a directory that you may write to",
        },
      ]);
    }
  }

  /** Takes the bytes over. Throws once an earlier write has failed or the disk is too slow. */
  append(bytes: Uint8Array): void {
    if (this.#error !== null) throw this.#error;
    this.#pendingBytes += bytes.length;
    if (this.#pendingBytes > PENDING_BYTES_MAX) {
      throw new Error(`the disk is ${this.#pendingBytes} bytes of history behind`);
    }
    this.#writes = this.#writes.then(() => this.#write(bytes));
  }

  /** Resolves once all is written. Rejects when something was not. */
  async close(): Promise<void> {
    await this.#writes;
    await this.#file.close();
    if (this.#error !== null) throw this.#error;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length && this.#error === null;) {
        at += (await this.#file.write(bytes, at, bytes.length - at, null)).bytesWritten;
      }
    } catch (error) {
      this.#error = error as Error;
    }
    this.#pendingBytes -= bytes.length;
  }
}
