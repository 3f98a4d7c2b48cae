import { type Cell, type Cells } from "./cells.ts";

/**
 * The cells of entries, in the order of their place in memory, while entries come, change and go between two steps:
 * one that does not change meanwhile is told once, any other once, or twice where it has moved, or not at all.
 */
export function* walkCells(cells: Cells): IterableIterator<Cell> {
  const { slabsEnd } = cells; // What is in slabs that are added from now on has changed.
  for (let slab = 1; slab < slabsEnd; slab++) {
    const size = cells.cellBytes(slab);
    const words = cells.words[slab]!;
    const last = words.length * 4 - size;
    for (let offset = 0; size > 0 && offset <= last; offset += size) {
      // The slab may have been given back, and be another one now: what is there has changed.
      if (cells.words[slab] !== words) break;
      const isTaken = words[(offset >>> 2) + 1] !== 0;
      if (isTaken) yield ((slab << 16) | (offset >>> 4)) >>> 0;
    }
  }
}
