/** The part of a Bun socket that an OutQueue needs. */
export type Sink = { write(data: Uint8Array, offset: number, length: number): number };

/** Pieces are joined up to this size, so that many small frames are one system call. */
const WRITE_BYTES = 256 << 10;

/**
 * Outbound bytes of one connection, kept as views of the chunks they came in, with a hard limit.
 * Bun's `write` may take a part and queues nothing: the rest stays here until `drain`.
 */
export class OutQueue {
  readonly #bytesMax: number;
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #blocked = false;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Queues all of `piece`; or none of it, false, when the queue holds something and would pass the limit. */
  push(piece: Uint8Array): boolean {
    if (this.#bytes > 0 && this.#bytes + piece.length > this.#bytesMax) return false;
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    return true;
  }

  /** Writes what the socket takes; does nothing while it is known to be full. */
  flush(socket: Sink): void {
    while (!this.#blocked && this.#pieces.length > 0) {
      const next = this.#join();
      // -1: the socket is closed, and its close handler ends the connection.
      const taken = Math.max(0, socket.write(next, 0, next.length));
      this.#bytes -= taken;
      if (taken === next.length) continue;
      this.#pieces.unshift(next.subarray(taken));
      this.#blocked = true;
    }
  }

  /** The socket has room again. */
  drain(socket: Sink): void {
    this.#blocked = false;
    this.flush(socket);
  }

  /** Takes the first pieces out, joined up to WRITE_BYTES. */
  #join(): Uint8Array {
    let count = 1;
    let bytes = this.#pieces[0]!.length;
    while (count < this.#pieces.length && bytes + this.#pieces[count]!.length <= WRITE_BYTES) {
      bytes += this.#pieces[count++]!.length;
    }
    const taken = this.#pieces.splice(0, count);
    return count === 1 ? taken[0]! : Buffer.concat(taken, bytes);
  }
}
