const NO_BYTES: Uint8Array = new Uint8Array(0);

/**
 * The bytes of a stream that came and are not taken yet: `bytes[start, end)`. While nothing is left over, that is
 * the chunk that came last, not a copy of it. Bytes once given are never overwritten, so that views of them
 * stay good; what is left over moves to a larger buffer when there is no room behind it.
 */
export class ChunkBuffer {
  bytes: Uint8Array = NO_BYTES;
  /** Taken so far. The reader sets it. */
  start = 0;
  end = 0;
  #isOwn = false;

  get size(): number {
    return this.end - this.start;
  }

  /** Adds a chunk, which must not change from now on. Returns by how much all positions went down. */
  feed(chunk: Uint8Array): number {
    const { start, size } = this;
    if (size === 0) {
      this.bytes = chunk;
      this.start = 0;
      this.end = chunk.length;
      this.#isOwn = false;
      return start;
    }
    const mustMove = !this.#isOwn || this.end + chunk.length > this.bytes.length;
    if (mustMove) {
      // Twice the size: a command of many chunks is copied a few times, not once a chunk.
      const moved = new Uint8Array(Math.max(2 * size, size + chunk.length));
      moved.set(this.bytes.subarray(start, this.end));
      this.bytes = moved;
      this.start = 0;
      this.end = size;
      this.#isOwn = true;
    }
    this.bytes.set(chunk, this.end);
    this.end += chunk.length;
    return mustMove ? start : 0;
  }
}
