import { broken } from "../lib/assert.ts";
import { copyBytes } from "../lib/copy.ts";

/** Bytes from a peer that do not decode. An operating error: drop the connection, keep running. */
export class WireError extends Error {
  override readonly name = "WireError";
}

const TWO_POW_32 = 0x1_0000_0000;
/** The high half of 2^53 - 1. */
export const U53_HIGH_MAX = 0x1f_ffff;

/** Writes a non-negative safe integer in 8 bytes: readable by any u64 reader, and without BigInt. */
export function setU53(view: DataView, at: number, value: number): void {
  // The message is made only where it is needed: an argument is made at every call.
  if (!Number.isSafeInteger(value) || value < 0) broken(`not a u53: ${value}`);
  view.setUint32(at, value >>> 0, true);
  view.setUint32(at + 4, (value / TWO_POW_32) >>> 0, true);
}

/** Little-endian writer over one growing buffer, reused for every frame of a connection. */
export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  offset = 0;

  constructor(capacity = 4096) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  u8(value: number): void {
    this.reserve(1);
    this.#bytes[this.offset++] = value;
  }

  u16(value: number): void {
    this.reserve(2);
    this.#view.setUint16(this.offset, value, true);
    this.offset += 2;
  }

  u32(value: number): void {
    this.reserve(4);
    this.#view.setUint32(this.offset, value, true);
    this.offset += 4;
  }

  /** A non-negative safe integer in 8 bytes: readable by any u64 reader, and without BigInt. */
  u53(value: number): void {
    this.reserve(8);
    setU53(this.#view, this.offset, value);
    this.offset += 8;
  }

  f64(value: number): void {
    this.reserve(8);
    this.#view.setFloat64(this.offset, value, true);
    this.offset += 8;
  }

  bytes(value: Uint8Array): void {
    this.bytesOf(value, 0, value.length);
  }

  /** `from[start, end)`, without a view made of it. */
  bytesOf(from: Uint8Array, start: number, end: number): void {
    this.reserve(end - start);
    copyBytes(from, start, end, this.#bytes, this.offset);
    this.offset += end - start;
  }

  /**
   * Makes room for `size` more bytes, counts them as written, and returns where they are in `view`: for
   * what is written so often that a check a field would show. The view is good until the next write.
   */
  take(size: number): number {
    this.reserve(size);
    this.offset += size;
    return this.offset - size;
  }

  get view(): DataView {
    return this.#view;
  }

  /** Overwrites four bytes already written, such as a length that is known only at the end. */
  patchU32(at: number, value: number): void {
    if (at + 4 > this.offset) broken(`patch at ${at} beyond ${this.offset}`);
    this.#view.setUint32(at, value, true);
  }

  /** The bytes from `start` on; valid until the next write. */
  written(start = 0): Uint8Array {
    return this.#bytes.subarray(start, this.offset);
  }

  /** A copy of all that is written. */
  copy(): Uint8Array {
    return this.#bytes.slice(0, this.offset);
  }

  /** Drops the first `count` bytes and moves the rest to the front. */
  discard(count: number): void {
    if (count > this.offset) broken(`discard ${count} of ${this.offset}`);
    if (count < this.offset) this.#bytes.copyWithin(0, count, this.offset);
    this.offset -= count;
  }

  /** Makes room for `size` more bytes. */
  reserve(size: number): void {
    if (this.offset + size <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.offset + size));
    grown.set(this.#bytes.subarray(0, this.offset));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** Little-endian reader over one frame body. Every read is bounds-checked. */
export class ByteReader {
  readonly #body: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(body: Uint8Array) {
    this.#body = body;
    this.#view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  }

  get remaining(): number {
    return this.#body.length - this.#offset;
  }

  u8(field: string): number {
    return this.#view.getUint8(this.#advance(1, field));
  }

  u16(field: string): number {
    return this.#view.getUint16(this.#advance(2, field), true);
  }

  u32(field: string): number {
    return this.#view.getUint32(this.#advance(4, field), true);
  }

  u53(field: string): number {
    const at = this.#advance(8, field);
    const high = this.#view.getUint32(at + 4, true);
    if (high > U53_HIGH_MAX) throw new WireError(`${field}: exceeds 2^53 - 1`);
    return high * TWO_POW_32 + this.#view.getUint32(at, true);
  }

  f64(field: string): number {
    return this.#view.getFloat64(this.#advance(8, field), true);
  }

  /** A view, not a copy, of the next `size` bytes. */
  bytes(size: number, field: string): Uint8Array {
    const at = this.#advance(size, field);
    return this.#body.subarray(at, at + size);
  }

  /** Rejects trailing bytes: a longer message is a newer version, or a bug in the sender. */
  end(): void {
    if (this.remaining !== 0) throw new WireError(`${this.remaining} bytes after the end`);
  }

  #advance(size: number, field: string): number {
    const at = this.#offset;
    if (at + size > this.#body.length) throw new WireError(`${field}: message is cut short`);
    this.#offset = at + size;
    return at;
  }
}
