import { type Command, OP_SCAN } from "./command.ts";

/**
 * What a scan returns as its value: the entries from the first key at or above `from` on, in the order
 * of the keys' bytes, all as of one moment. Little-endian:
 *
 *   offset  type  field
 *        0  u8    more         1: there are further keys within the bounds, from `after(last key)` on
 *        1  u24   reserved, 0
 *        4  …     entries, each of
 *                   u16  keyBytes
 *                   u32  valueBytes
 *                   f64  version
 *                   key, then value
 *
 * It ends after `limit` keys, or before it would exceed SCAN_REPLY_BYTES: one entry always fits.
 */
export const SCAN_HEADER_BYTES = 4;
export const SCAN_ENTRY_HEADER_BYTES = 14;
export const SCAN_REPLY_BYTES = 1 << 20;

export type ScannedEntry = {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly version: number;
};

/** `next`: the key from which to scan on; null: that was all. */
export type ScanPage = {
  readonly entries: readonly ScannedEntry[];
  readonly next: Uint8Array | null;
};

/** Reads the reply in `bytes[at, at + length)`; the entries are views of it. Null: it is damaged. */
export function readScanReply(bytes: Uint8Array, at: number, length: number): ScanPage | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = at + length;
  const entries: ScannedEntry[] = [];
  if (length < SCAN_HEADER_BYTES) return null;
  let entryAt = at + SCAN_HEADER_BYTES;
  while (entryAt < end) {
    const keyAt = entryAt + SCAN_ENTRY_HEADER_BYTES;
    if (keyAt > end) return null;
    const valueAt = keyAt + view.getUint16(entryAt, true);
    const version = view.getFloat64(entryAt + 6, true);
    const nextAt = valueAt + view.getUint32(entryAt + 2, true);
    if (nextAt > end) return null;
    entries.push({
      key: bytes.subarray(keyAt, valueAt),
      value: bytes.subarray(valueAt, nextAt),
      version,
    });
    entryAt = nextAt;
  }
  const last = entries.at(-1);
  return { entries, next: bytes[at] === 1 && last !== undefined ? after(last.key) : null };
}

/** The first key above `key`. */
export function after(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return next;
}

/** The first key above all that begin with `prefix`, as an end; empty: there is none. */
export function prefixEnd(prefix: Uint8Array): Uint8Array {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 0xff) length--;
  const end = prefix.slice(0, length);
  if (length > 0) end[length - 1]!++;
  return end;
}

/** The command of a scan of at most `limit` keys in [from, end); `end` empty: no bound. */
export const scanCommand = (
  from: Uint8Array,
  end: Uint8Array,
  limit: number,
  flags = 0,
): Command => ({
  ...{ op: OP_SCAN, flags, session: 0, seq: 0, nonce: 0 },
  ...{ expected: limit, key: from, value: end },
});
