import type { FileHandle, FilePort } from "./file-port.ts";
import { isSpare, spareName } from "./segment.ts";
import { errorCode } from "./storage-error.ts";

/**
 * As many are kept as the log may grow and shrink by from one snapshot to the next: those that a snapshot
 * lets go at once are what the log needs until the next one does.
 */
const SPARES_MAX = 4;

/** Open for writing, with the name of a spare. */
export type Spare = {
  readonly path: string;
  readonly file: FileHandle;
  readonly fileBytes: number;
};

/**
 * Segments that the log does not need any more, to be used again: their blocks exist, so that a record that
 * goes there changes no metadata, and nothing has to be written with zeros first. Recovery never
 * reads them. Only segments of the full size are kept: the small ones with which a log begins are
 * not worth it.
 */
export class Spares {
  readonly #port: FilePort;
  readonly #fileBytes: number;
  readonly #paths: string[];

  constructor(port: FilePort, dir: string, fileBytes: number) {
    this.#port = port;
    this.#fileBytes = fileBytes;
    this.#paths = port
      .list(dir)
      .filter(isSpare)
      .sort()
      .map((name) => `${dir}/${name}`);
  }

  /** What to call a segment that goes, in order to keep it; null: it is to be deleted. */
  nameFor(path: string, bytes: number): string | null {
    const isWanted = bytes === this.#fileBytes && this.#paths.length < SPARES_MAX;
    return isWanted ? spareName(path) : null;
  }

  /** Its new name is durable: from now on it may be written to. */
  add(path: string): void {
    this.#paths.push(path);
  }

  /** Opens the oldest one; null when there is none. It is up to the caller to give it its new name. */
  take(): Spare | null {
    for (let path = this.#paths.shift(); path !== undefined; path = this.#paths.shift()) {
      const file = this.#opened(path);
      if (file === null) continue;
      if (this.#isWhole(file)) return { path, file, fileBytes: this.#fileBytes };
      this.#port.close(file);
      this.#port.unlink(path);
    }
    return null;
  }

  /** Null: somebody has deleted it, which is allowed. */
  #opened(path: string): FileHandle | null {
    try {
      return this.#port.open(path);
    } catch (error) {
      if (errorCode(error) === "ENOENT") return null;
      throw error;
    }
  }

  /** A record too long for a segment has made its file longer; other sizes are of another program's version. */
  #isWhole(file: FileHandle): boolean {
    return this.#port.readAt(file, new Uint8Array(2), this.#fileBytes - 1) === 1;
  }
}
