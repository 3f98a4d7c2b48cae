import { type Cell, type Cells, offsetOf, slabOf } from "./cells.ts";
import { ENTRY_HEADER_BYTES, KEY_BYTES_MASK } from "./key-table.ts";

/** So few are sorted by insertion: less than the set-up of a native sort. */
const INSERTION_MAX = 16;
const STEP_BYTES = 4;

/**
 * Sorts cells by the bytes of their keys, in place; keys differ. A million keys of 8 bytes take a
 * tenth of the time of a sort by a comparing function: cells and the next four bytes of their keys are
 * packed into 64-bit integers, which the runtime sorts natively, and runs that share those four go on
 * to the next.
 */
export function sortCells(cells: Cells, all: Uint32Array): void {
  const packed = new BigUint64Array(all.length);
  sortRun(cells, all, packed, 0, all.length, 0);
}

/** [from, to) share the first `depth` bytes of their keys, those that are shorter filled with 0. */
function sortRun(
  cells: Cells,
  all: Uint32Array,
  packed: BigUint64Array,
  from: number,
  to: number,
  depth: number,
): void {
  if (to - from <= INSERTION_MAX) return insertionSort(cells, all, from, to);
  const words = new Uint32Array(packed.buffer);
  let longest = 0;
  for (let i = from; i < to; i++) {
    const cell = all[i]!;
    const bytes = keyBytes(cells, cell);
    if (bytes > longest) longest = bytes;
    words[2 * i] = cell;
    words[2 * i + 1] = chunkOf(cells, cell, bytes, depth);
  }
  // All the same bytes but for zeros at the end: the shorter comes first.
  if (longest <= depth) {
    for (let i = from; i < to; i++) words[2 * i + 1] = keyBytes(cells, all[i]!);
  }
  packed.subarray(from, to).sort();
  for (let i = from; i < to; i++) all[i] = words[2 * i]!;
  if (longest <= depth) return;
  // The words are used again below: where runs begin and end is read before.
  const runs: number[] = [];
  for (let i = from + 1, start = from; i <= to; i++) {
    if (i < to && words[2 * i + 1] === words[2 * i - 1]) continue;
    if (i - start > 1) runs.push(start, i);
    start = i;
  }
  for (let i = 0; i < runs.length; i += 2) {
    sortRun(cells, all, packed, runs[i]!, runs[i + 1]!, depth + STEP_BYTES);
  }
}

/** Four bytes of the key as a number that orders as they do. */
function chunkOf(cells: Cells, cell: Cell, bytes: number, depth: number): number {
  const key = cells.bytes[slabOf(cell)]!;
  const at = offsetOf(cell) + ENTRY_HEADER_BYTES + depth;
  const left = bytes - depth;
  if (left >= STEP_BYTES) {
    return ((key[at]! << 24) | (key[at + 1]! << 16) | (key[at + 2]! << 8) | key[at + 3]!) >>> 0;
  }
  let chunk = 0;
  for (let i = 0; i < STEP_BYTES; i++) chunk = (chunk << 8) | (i < left ? key[at + i]! : 0);
  return chunk >>> 0;
}

function insertionSort(cells: Cells, all: Uint32Array, from: number, to: number): void {
  for (let i = from + 1; i < to; i++) {
    const cell = all[i]!;
    let at = i;
    for (; at > from && compareKeys(cells, all[at - 1]!, cell) > 0; at--) all[at] = all[at - 1]!;
    all[at] = cell;
  }
}

function compareKeys(cells: Cells, a: Cell, b: Cell): number {
  const aKey = cells.bytes[slabOf(a)]!;
  const bKey = cells.bytes[slabOf(b)]!;
  const aAt = offsetOf(a) + ENTRY_HEADER_BYTES;
  const bAt = offsetOf(b) + ENTRY_HEADER_BYTES;
  const aBytes = keyBytes(cells, a);
  const bBytes = keyBytes(cells, b);
  return compareBytes(aKey, aAt, aBytes, bKey, bAt, bBytes);
}

/** Below 0, 0 or above: byte by byte, and a key comes before those that it begins. */
export function compareBytes(
  a: Uint8Array,
  aAt: number,
  aBytes: number,
  b: Uint8Array,
  bAt: number,
  bBytes: number,
): number {
  const common = Math.min(aBytes, bBytes);
  for (let i = 0; i < common; i++) {
    const difference = a[aAt + i]! - b[bAt + i]!;
    if (difference !== 0) return difference;
  }
  return aBytes - bBytes;
}

const keyBytes = (cells: Cells, cell: Cell): number =>
  cells.words[slabOf(cell)]![(offsetOf(cell) >>> 2) + 1]! & KEY_BYTES_MASK;
