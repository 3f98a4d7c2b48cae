import { broken } from "../lib/assert.ts";
import { ByteWriter } from "../wire/bytes.ts";

/** The part of Bun.Socket this needs. */
export type ByteSink = { write(data: Uint8Array): number };

/**
 * Outbound bytes of one connection, with a hard limit. Bun's socket.write is unbuffered: it may
 * take fewer bytes than it was given, and drops the rest silently unless the caller keeps them
 * (oven-sh/bun#9682). For the same reason a connection is never closed with socket.end(data).
 *
 * Whole frames are encoded straight into `bytes`, each followed by `keep`; they leave in one write
 * per `flush`, at the end of a turn or when the socket drains. A spurious flush does no harm.
 */
export class FrameWriter {
  readonly bytes: ByteWriter;
  readonly #pendingBytesMax: number;
  /** How much of `bytes` the socket has taken. */
  #start = 0;

  constructor(pendingBytesMax: number, capacity = 4096) {
    this.bytes = new ByteWriter(capacity);
    this.#pendingBytesMax = pendingBytesMax;
  }

  get pendingBytes(): number {
    return this.bytes.offset - this.#start;
  }

  /**
   * Queues the frame that was encoded from `frameStart` (a former `bytes.offset`) on, or none of it:
   * false means that the other side is too slow, and the frame is taken back. Alone it may be larger
   * than the limit: otherwise a large value could never leave.
   */
  keep(frameStart: number): boolean {
    if (this.pendingBytes <= this.#pendingBytesMax || frameStart === this.#start) return true;
    this.bytes.offset = frameStart;
    return false;
  }

  /** Writes what the socket will take now; no frame may be half encoded. False: it is closed. */
  flush(socket: ByteSink): boolean {
    if (this.pendingBytes === 0) return true;
    const taken = socket.write(this.bytes.written(this.#start));
    if (taken < 0) return false;
    if (taken > this.pendingBytes) broken(`socket took ${taken} of ${this.pendingBytes} bytes`);
    this.#start += taken;
    // Moving less than was taken keeps the cost of a slow reader linear.
    if (this.#start >= this.pendingBytes) {
      this.bytes.discard(this.#start);
      this.#start = 0;
    }
    return true;
  }

  /** Forgets everything queued: the connection is gone, and half a frame may be out. */
  clear(): void {
    this.bytes.offset = 0;
    this.#start = 0;
  }
}
