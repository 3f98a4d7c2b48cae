import type { ByteWriter } from "../wire/bytes.ts";

const SLAB_BYTES = 64 << 10;

/**
 * Copies of short frames, as views of a few large buffers: to make a buffer for each costs more than
 * all else that becomes of a frame.
 */
export class Slab {
  #buffer = new ArrayBuffer(SLAB_BYTES);
  #at = 0;

  /** All that is written, for as long as anybody looks at it. */
  copy(w: ByteWriter): Uint8Array {
    const length = w.offset;
    if (length > SLAB_BYTES / 8) return w.copy();
    if (this.#at + length > SLAB_BYTES) {
      this.#buffer = new ArrayBuffer(SLAB_BYTES);
      this.#at = 0;
    }
    const bytes = new Uint8Array(this.#buffer, this.#at, length);
    bytes.set(w.written());
    this.#at += length;
    return bytes;
  }
}
