import { KEY_BYTES_MAX, VALUE_BYTES_MAX } from "./command.ts";
import type { SessionRecord } from "./session-table.ts";

/**
 * The state of a node as bytes. Little-endian, whole numbers beyond 32 bits as f64:
 *
 *   u32 magic "OKvS" · u32 format version, then items:
 *   u8 1 · f64 id · u32 seq · u8 status · f64 version · f64 index      a session; oldest use first
 *   u8 2 · u16 keyBytes · u32 valueBytes · f64 version · key · value   an entry, in no order
 *   u8 3 · u16 keyBytes · key                                          no such key any more
 *   u8 0 · f64 sessions · f64 entries                                  the end, and what there was
 *
 * Of a shard on its way (shard-stream.ts) an entry may come again, and replaces what came before, or be gone; in a
 * snapshot each comes once.
 *
 * The same state may give different bytes: entries come in the order of their place in memory.
 */
export const MAGIC = 0x5376_4b4f;
export const FORMAT_VERSION = 1;
export const HEADER_BYTES = 8;
export const ITEM_END = 0;
export const ITEM_SESSION = 1;
export const ITEM_ENTRY = 2;
export const ITEM_GONE = 3;
export const END_BYTES = 17;
export const SESSION_BYTES = 30;
export const ENTRY_ITEM_BYTES = 15;
export const GONE_ITEM_BYTES = 3;

/** Bytes that are no snapshot of ours, or not a whole one. They had a checksum, so a bug or version. */
export class SnapshotFormatError extends Error {
  override readonly name = "SnapshotFormatError";
}

/** The first buffer of a writer: enough for a small state. */
const FIRST_BYTES = 16 << 10;

/**
 * A buffer that grows at its end and is handed out, piece by piece, from its front. Two buffers take
 * turns: a state of 280 MiB would else leave as much garbage, and freeing that costs the event loop.
 */
export class PieceWriter {
  readonly #capacity: number;
  #bytes: Uint8Array;
  #view: DataView;
  /** The buffer before this one, to be written to again. */
  #spare: Uint8Array | null = null;
  /** What the last piece handed out is a view of. */
  #lent: Uint8Array | null = null;
  #from = 0;
  #to = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#bytes = new Uint8Array(Math.min(capacity, FIRST_BYTES));
    this.#view = new DataView(this.#bytes.buffer);
  }

  get pending(): number {
    return this.#to - this.#from;
  }

  header(): void {
    const at = this.#advance(HEADER_BYTES);
    this.#view.setUint32(at, MAGIC, true);
    this.#view.setUint32(at + 4, FORMAT_VERSION, true);
  }

  session({ id, seq, status, version, index }: SessionRecord): void {
    const at = this.#advance(SESSION_BYTES);
    const view = this.#view;
    view.setUint8(at, ITEM_SESSION);
    view.setFloat64(at + 1, id, true);
    view.setUint32(at + 9, seq, true);
    view.setUint8(at + 13, status);
    view.setFloat64(at + 14, version, true);
    view.setFloat64(at + 22, index, true);
  }

  /** The entry whose key, and behind it the value, are at `bytes[keyAt…]`. */
  entry(
    bytes: Uint8Array,
    keyAt: number,
    keyBytes: number,
    valueBytes: number,
    version: number,
  ): void {
    const data = keyBytes + valueBytes;
    const at = this.#advance(ENTRY_ITEM_BYTES + data);
    const view = this.#view;
    view.setUint8(at, ITEM_ENTRY);
    view.setUint16(at + 1, keyBytes, true);
    view.setUint32(at + 3, valueBytes, true);
    view.setFloat64(at + 7, version, true);
    this.#bytes.set(bytes.subarray(keyAt, keyAt + data), at + ENTRY_ITEM_BYTES);
  }

  /** A key that came as an entry perhaps, and has been deleted since. */
  gone(key: Uint8Array): void {
    const at = this.#advance(GONE_ITEM_BYTES + key.length);
    this.#view.setUint8(at, ITEM_GONE);
    this.#view.setUint16(at + 1, key.length, true);
    this.#bytes.set(key, at + GONE_ITEM_BYTES);
  }

  end(sessions: number, entries: number): void {
    const at = this.#advance(END_BYTES);
    this.#view.setUint8(at, ITEM_END);
    this.#view.setFloat64(at + 1, sessions, true);
    this.#view.setFloat64(at + 9, entries, true);
  }

  /** About `bytesMax` of what is pending; writes leave it alone until the next one is taken. */
  take(bytesMax: number): Uint8Array {
    this.#lent = this.#bytes;
    const to = this.pending > 2 * bytesMax ? this.#from + bytesMax : this.#to;
    const piece = this.#bytes.subarray(this.#from, to);
    this.#from = to;
    return piece;
  }

  #advance(size: number): number {
    if (this.#to + size > this.#bytes.length) this.#turn(size);
    const at = this.#to;
    this.#to += size;
    return at;
  }

  /** Goes on in the other buffer, or in a new one where that is in use or too small. */
  #turn(size: number): void {
    const before = this.#bytes;
    const kept = before.subarray(this.#from, this.#to);
    const fits = (this.#spare?.length ?? 0) >= kept.length + size;
    const next = fits && this.#spare !== this.#lent ? this.#spare : null;
    this.#bytes =
      next ?? new Uint8Array(Math.max(this.#capacity, 2 * kept.length, kept.length + size));
    this.#bytes.set(kept);
    this.#view = new DataView(this.#bytes.buffer);
    this.#spare = before;
    this.#from = 0;
    this.#to = kept.length;
  }
}

/** What the lengths of an entry may be: those that a command can make. */
export function checkEntry(keyBytes: number, valueBytes: number, version: number): void {
  const sound =
    keyBytes >= 1 && keyBytes <= KEY_BYTES_MAX && valueBytes <= VALUE_BYTES_MAX && version >= 1;
  if (!sound) {
    throw new SnapshotFormatError(
      `entry: key of ${keyBytes} bytes, value of ${valueBytes}, version ${version}`,
    );
  }
}
