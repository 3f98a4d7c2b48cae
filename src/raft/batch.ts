import { broken } from "../lib/assert.ts";
import { type LogIndex, plus } from "../lib/ids.ts";
import type { EntryBatch } from "./types.ts";

/** Bytes in front of each entry's payload within a batch: its length. */
export const ENTRY_HEADER_BYTES = 4;

const NOOP_BYTES = new Uint8Array(ENTRY_HEADER_BYTES);

/** The encoding of a no-op: one entry without a payload. */
export const noopBytes = (): Uint8Array => NOOP_BYTES;

export const lastIndexOf = (b: EntryBatch): LogIndex => plus(b.firstIndex, b.count - 1);

const u32At = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;

/** Why `bytes` is not `count` length-prefixed entries, or null when it is. */
export function entriesProblem(bytes: Uint8Array, count: number): string | null {
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + ENTRY_HEADER_BYTES > bytes.length) return `entry ${i} of ${count} is cut short`;
    at += ENTRY_HEADER_BYTES + u32At(bytes, at);
  }
  if (at !== bytes.length) return `${count} entries end at ${at}, not at ${bytes.length}`;
  return null;
}

/** Calls `onEntry` with the bounds of each payload in `batch.bytes`, in order. */
export function eachEntry(
  batch: EntryBatch,
  onEntry: (at: number, end: number, index: LogIndex) => void,
): void {
  const { bytes } = batch;
  let at = 0;
  for (let i = 0; i < batch.count; i++) {
    const start = at + ENTRY_HEADER_BYTES;
    at = start + u32At(bytes, at);
    onEntry(start, at, plus(batch.firstIndex, i));
  }
}

/**
 * The part of `batch` within [first, last]: a view, no copy. Walks the lengths, so it costs
 * O(count); it is needed only where logs diverge or a follower resumes inside a batch.
 */
export function sliceBatch(batch: EntryBatch, first: LogIndex, last: LogIndex): EntryBatch {
  if (!(batch.firstIndex <= first && first <= last && last <= lastIndexOf(batch)))
    broken(`slice ${first}..${last} of batch ${batch.firstIndex}..${lastIndexOf(batch)}`);
  if (first === batch.firstIndex && last === lastIndexOf(batch)) return batch;
  const { bytes } = batch;
  let at = 0;
  for (let i = batch.firstIndex as number; i < first; i++)
    at += ENTRY_HEADER_BYTES + u32At(bytes, at);
  const start = at;
  for (let i = first as number; i <= last; i++) at += ENTRY_HEADER_BYTES + u32At(bytes, at);
  return {
    firstIndex: first,
    term: batch.term,
    kind: batch.kind,
    count: last - first + 1,
    bytes: bytes.subarray(start, at),
  };
}

/** Contiguous batches of one term and kind as one, with bytes of its own. */
export function joinBatches(batches: readonly EntryBatch[]): EntryBatch {
  const { firstIndex, term, kind } = batches[0]!;
  let [count, length] = [0, 0];
  for (const batch of batches) {
    count += batch.count;
    length += batch.bytes.length;
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const batch of batches) {
    bytes.set(batch.bytes, at);
    at += batch.bytes.length;
  }
  return { firstIndex, term, kind, count, bytes };
}
