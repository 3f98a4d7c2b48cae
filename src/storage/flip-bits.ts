import type { Prng } from "../lib/prng.ts";

/** One bit that was set the other way, or would be. */
export type FlippedBit = { readonly file: number; readonly at: number; readonly bit: number };

/**
 * Sets `bits` bits of `files` (their contents, changed in place) the other way: where there is data,
 * since most of a segment is zeros that nobody reads. Returns where; nothing when all are empty.
 */
export function flipBits(files: readonly Uint8Array[], bits: number, random: Prng): FlippedBit[] {
  const ends = files.map(endOfData);
  const total = ends.reduce((sum, end) => sum + end, 0);
  const flipped: FlippedBit[] = [];
  for (let n = 0; n < bits && total > 0; n++) {
    let at = random.below(total);
    let file = 0;
    for (; at >= ends[file]!; file++) at -= ends[file]!;
    const bit = random.below(8);
    files[file]![at]! ^= 1 << bit;
    flipped.push({ file, at, bit });
  }
  return flipped;
}

/** The end of the last byte that is not 0. */
function endOfData(bytes: Uint8Array): number {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return end;
}
