import { crc32 } from "../lib/crc32.ts";
import { type ByteWriter, WireError } from "./bytes.ts";

/**
 * A frame, little-endian:
 *
 *   offset  type  field
 *        0  u32   length   of the whole frame, header included
 *        4  u32   crc32    of everything after this field
 *        8  u8    kind     see kinds.ts
 *        9  u8    version  of this kind's body, now always 1
 *       10  u32   group    Raft group; 0 where it has no meaning
 *       14  …     body
 */
export const FRAME_HEADER_BYTES = 14;
export const FRAME_VERSION = 1;
/** Longest frame a node accepts. Checked before anything is allocated for it. */
export const FRAME_BYTES_MAX = 16 << 20;
/** Room for a frame that has not come whole: this at first, then twice what has come, not what its length says. */
const PARTIAL_BYTES_FIRST = 4 << 10;

/** Starts a frame at the writer's offset and returns that offset, for endFrame. */
export function beginFrame(w: ByteWriter, kind: number, group: number): number {
  const start = w.offset;
  w.u32(0);
  w.u32(0);
  w.u8(kind);
  w.u8(FRAME_VERSION);
  w.u32(group);
  return start;
}

/** Fills in the length and the crc of the frame that began at `start`. */
export function endFrame(w: ByteWriter, start: number): void {
  w.patchU32(start, w.offset - start);
  w.patchU32(start + 4, crc32(w.written(start + 8)));
}

export type Frame = {
  readonly kind: number;
  readonly group: number;
  /** A view of the chunk the frame arrived in, or of a private buffer: safe to keep. */
  readonly body: Uint8Array;
};

/**
 * Cuts a byte stream into frames. Frames that lie whole within a chunk are not copied.
 * `push` throws WireError on a bad length, crc or version; the connection must then be closed.
 */
export class FrameReader {
  /** Longest frame accepted from now on: low until the other side has shown who it is. */
  bytesMax: number;
  /** What there is of a frame that has not come whole. */
  #partial: Uint8Array | null = null;
  #have = 0;
  /** How long it will be. */
  #length = 0;
  #header = new Uint8Array(4);
  #headerHave = 0;

  constructor(bytesMax = FRAME_BYTES_MAX) {
    this.bytesMax = bytesMax;
  }

  /** Bytes of a frame that has not come whole. */
  get buffered(): number {
    return this.#partial === null ? this.#headerHave : this.#have;
  }

  /** Calls `onFrame` for every frame that `chunk` completes. Keeps views of `chunk`. */
  push(chunk: Uint8Array, onFrame: (frame: Frame) => void): void {
    let at = 0;
    if (this.#partial !== null || this.#headerHave > 0) {
      at = this.#complete(chunk, onFrame);
      if (at < 0) return;
    }
    while (chunk.length - at >= 4) {
      const length = readU32(chunk, at);
      this.#checkLength(length);
      if (chunk.length - at < length) {
        this.#beginPartial(length, chunk.length - at);
        this.#partial!.set(chunk.subarray(at));
        this.#have = chunk.length - at;
        return;
      }
      onFrame(decode(chunk, at, length));
      at += length;
    }
    if (at === chunk.length) return;
    this.#header.set(chunk.subarray(at));
    this.#headerHave = chunk.length - at;
  }

  /** Goes on with a frame that an earlier chunk began. Returns where it ended, -1 if it has not. */
  #complete(chunk: Uint8Array, onFrame: (frame: Frame) => void): number {
    let at = 0;
    if (this.#partial === null) {
      while (this.#headerHave < 4 && at < chunk.length) {
        this.#header[this.#headerHave++] = chunk[at++]!;
      }
      if (this.#headerHave < 4) return -1;
      const length = readU32(this.#header, 0);
      this.#checkLength(length);
      this.#beginPartial(length, 4 + chunk.length - at);
      this.#partial!.set(this.#header);
      this.#have = 4;
      this.#headerHave = 0;
    }
    const take = Math.min(this.#length - this.#have, chunk.length - at);
    const partial = this.#roomFor(take);
    partial.set(chunk.subarray(at, at + take), this.#have);
    this.#have += take;
    if (this.#have < this.#length) return -1;
    this.#partial = null;
    onFrame(decode(partial, 0, this.#length));
    return at + take;
  }

  /** A length alone costs its sender four bytes: room is made for what comes. */
  #beginPartial(length: number, have: number): void {
    this.#partial = new Uint8Array(Math.min(length, Math.max(PARTIAL_BYTES_FIRST, 2 * have)));
    this.#length = length;
  }

  #roomFor(more: number): Uint8Array {
    const partial = this.#partial!;
    const needed = this.#have + more;
    if (needed <= partial.length) return partial;
    const grown = new Uint8Array(Math.min(this.#length, Math.max(2 * partial.length, needed)));
    grown.set(partial.subarray(0, this.#have));
    this.#partial = grown;
    return grown;
  }

  #checkLength(length: number): void {
    if (length < FRAME_HEADER_BYTES || length > this.bytesMax) {
      throw new WireError(
        `frame length ${length} is not within ${FRAME_HEADER_BYTES} to ${this.bytesMax}`,
      );
    }
  }
}

/** Byte by byte: a DataView of each frame would be one more object for each. */
function readU32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
  );
}

/** The frame in `bytes[at, at + length)`. */
function decode(bytes: Uint8Array, at: number, length: number): Frame {
  const end = at + length;
  if (readU32(bytes, at + 4) !== crc32(bytes.subarray(at + 8, end))) {
    throw new WireError("crc mismatch");
  }
  const kind = bytes[at + 8]!;
  const version = bytes[at + 9]!;
  if (version !== FRAME_VERSION) {
    throw new WireError(`version ${version} of kind ${kind} is not known`);
  }
  const group = readU32(bytes, at + 10);
  return { kind, group, body: bytes.subarray(at + FRAME_HEADER_BYTES, end) };
}
