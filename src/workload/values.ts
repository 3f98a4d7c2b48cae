import { Prng } from "../lib/prng.ts";

/**
 * A value that a put writes, `valueBytes` long:
 *
 *   offset  type  field
 *        0  u8    "P"
 *        1  u24   tag       of the run: values that an earlier run left are recognised
 *        4  u32   number    unique in the run
 *        8  …     filler    a piece of a fixed random block that the number chooses
 *
 * An append adds the text `v<number>`. So whatever a get returns tells which writes it consists of,
 * and a byte that changed on the way is noticed.
 */
export const VALUE_HEADER_BYTES = 8;
/** Longest token of an append: `v` and a u32 in decimal. */
export const TOKEN_BYTES_MAX = 11;

const MARK = 0x50; // "P"
const LETTER_V = 0x76;
const FILLER_BYTES = 1 << 16;
const FILLER_SEED = 7;
/** How far apart the pieces of consecutive numbers lie; odd, so that every start is used. */
const FILLER_STRIDE = 40_503;
const TOKENS = /^(v\d+)+$/;
const QUOTED_BYTES = 24;

/** The block twice in a row: a piece that begins anywhere in it lies in one piece. */
const FILLER = ((): Buffer => {
  const prng = new Prng(FILLER_SEED);
  const block = Buffer.from(
    Uint32Array.from({ length: FILLER_BYTES / 4 }, () => prng.u32()).buffer,
  );
  return Buffer.concat([block, block]);
})();

export class ValueCodec {
  readonly #valueBytes: number;
  readonly #tag: number;

  /** `valueBytes` ≥ VALUE_HEADER_BYTES; `tag` 0 … 2^24 − 1. */
  constructor(valueBytes: number, tag: number) {
    this.#valueBytes = valueBytes;
    this.#tag = tag;
  }

  /** Writes the value of a put: the first `valueBytes` bytes of `into`. */
  write(into: Uint8Array, number: number): void {
    into[0] = MARK;
    into[1] = this.#tag;
    into[2] = this.#tag >>> 8;
    into[3] = this.#tag >>> 16;
    into[4] = number;
    into[5] = number >>> 8;
    into[6] = number >>> 16;
    into[7] = number >>> 24;
    let from = fillerAt(number);
    for (let at = VALUE_HEADER_BYTES; at < this.#valueBytes;) {
      const bytes = Math.min(this.#valueBytes - at, FILLER_BYTES);
      FILLER.copy(into, at, from, from + bytes);
      at += bytes;
      from = (from + bytes) & (FILLER_BYTES - 1);
    }
  }

  /** Writes the token of an append and returns its length, at most TOKEN_BYTES_MAX. */
  writeToken(into: Uint8Array, number: number): number {
    const text = String(number);
    into[0] = LETTER_V;
    for (let i = 0; i < text.length; i++) into[i + 1] = text.charCodeAt(i);
    return text.length + 1;
  }

  /**
   * What a get read: the number, when one write made it all; else the names of its parts in a row
   * (`v5v9`: put 5, append 9), as history/codec.ts wants them. Bytes that this run cannot have
   * written give a text that names no value: `foreign …`, `damaged …`.
   */
  read(bytes: Uint8Array, at: number, length: number): number | string {
    let number = -1;
    let restAt = at;
    if (bytes[at] === MARK && length >= this.#valueBytes) {
      const tag = bytes[at + 1]! | (bytes[at + 2]! << 8) | (bytes[at + 3]! << 16);
      if (tag !== this.#tag) return `foreign ${quote(bytes, at, length)}`;
      number = (bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16)) >>> 0;
      number += bytes[at + 7]! * 0x100_0000;
      if (!this.#isFilled(bytes, at, number))
        return `damaged v${number} ${quote(bytes, at, length)}`;
      restAt = at + this.#valueBytes;
      if (restAt === at + length) return number;
    }
    const rest = latin1(bytes, restAt, at + length);
    if (!TOKENS.test(rest)) return `damaged ${quote(bytes, at, length)}`;
    if (number >= 0) return `v${number}${rest}`;
    return rest.lastIndexOf("v") === 0 ? Number(rest.slice(1)) : rest;
  }

  #isFilled(bytes: Uint8Array, valueAt: number, number: number): boolean {
    let from = fillerAt(number);
    const end = valueAt + this.#valueBytes;
    for (let at = valueAt + VALUE_HEADER_BYTES; at < end;) {
      const size = Math.min(end - at, FILLER_BYTES);
      if (FILLER.compare(bytes, at, at + size, from, from + size) !== 0) return false;
      at += size;
      from = (from + size) & (FILLER_BYTES - 1);
    }
    return true;
  }
}

/** Where in the block the filler of a value begins. */
const fillerAt = (number: number): number =>
  Math.imul(number ^ (number >>> 16), FILLER_STRIDE) & (FILLER_BYTES - 1);

const latin1 = (bytes: Uint8Array, from: number, to: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString("latin1");

const quote = (bytes: Uint8Array, at: number, length: number): string =>
  Buffer.from(bytes.subarray(at, at + Math.min(length, QUOTED_BYTES))).toString("hex");
