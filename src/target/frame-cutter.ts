import { FRAME_BYTES_MAX, FRAME_HEADER_BYTES } from "../wire/frame.ts";
import { WireError } from "../wire/bytes.ts";

/**
 * Cuts a byte stream into runs of whole frames by their lengths alone, byte for byte as they came:
 * the crc is the receiver's business. A frame that lies whole within a chunk is not copied.
 */
export class FrameCutter {
  #header = new Uint8Array(4);
  #headerHave = 0;
  #partial: Uint8Array | null = null;
  #have = 0;
  #frames = 0;

  /** Whole frames so far. */
  get frames(): number {
    return this.#frames;
  }

  /**
   * Calls `onRun` with each run of whole frames that `chunk` completes: a view of `chunk`, or of a
   * private buffer. Throws WireError on a length that no frame has; the stream is then useless.
   */
  push(chunk: Uint8Array, onRun: (run: Uint8Array) => void): void {
    let at = 0;
    if (this.#partial !== null || this.#headerHave > 0) {
      at = this.#complete(chunk, onRun);
      if (at < 0) return;
    }
    const start = at;
    while (chunk.length - at >= 4) {
      const length = frameLength(chunk, at);
      if (chunk.length - at < length) break;
      at += length;
      this.#frames++;
    }
    if (at > start) onRun(chunk.subarray(start, at));
    this.#keep(chunk.subarray(at));
  }

  #keep(rest: Uint8Array): void {
    if (rest.length < 4) {
      this.#header.set(rest);
      this.#headerHave = rest.length;
      return;
    }
    this.#partial = new Uint8Array(frameLength(rest, 0));
    this.#partial.set(rest);
    this.#have = rest.length;
  }

  /** Goes on with a frame that an earlier chunk began. Returns where it ended, -1 if it has not. */
  #complete(chunk: Uint8Array, onRun: (run: Uint8Array) => void): number {
    let at = 0;
    if (this.#partial === null) {
      while (this.#headerHave < 4 && at < chunk.length) {
        this.#header[this.#headerHave++] = chunk[at++]!;
      }
      if (this.#headerHave < 4) return -1;
      this.#headerHave = 0;
      this.#partial = new Uint8Array(frameLength(this.#header, 0));
      this.#partial.set(this.#header);
      this.#have = 4;
    }
    const frame = this.#partial;
    const take = Math.min(frame.length - this.#have, chunk.length - at);
    frame.set(chunk.subarray(at, at + take), this.#have);
    this.#have += take;
    if (this.#have < frame.length) return -1;
    this.#partial = null;
    this.#frames++;
    onRun(frame);
    return at + take;
  }
}

/** The length of the frame at `at`, header included. Throws WireError when no frame has it. */
export function frameLength(bytes: Uint8Array, at: number): number {
  const length =
    (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
  if (length < FRAME_HEADER_BYTES || length > FRAME_BYTES_MAX) {
    throw new WireError(`frame length ${length}`);
  }
  return length;
}

/** Calls `onFrame` with a view of each frame of a run that a FrameCutter gave. */
export function eachFrame(run: Uint8Array, onFrame: (frame: Uint8Array) => void): void {
  for (let at = 0; at < run.length;) {
    const length = frameLength(run, at);
    onFrame(run.subarray(at, at + length));
    at += length;
  }
}
