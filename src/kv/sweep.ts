import { broken } from "../lib/assert.ts";
import { type Cell, type Cells, offsetOf, slabOf } from "./cells.ts";
import { ENTRY_HEADER_BYTES, EPOCH_SHIFT, KEY_BYTES_MASK } from "./key-table.ts";
import type { PieceWriter } from "./snapshot-format.ts";

/** Epochs are 1 … EPOCH_MAX and start over; 0 is never one. */
export const EPOCH_MAX = 0xffff;
/** Cells looked at in one step, when most of them are free or taken already: about 0.1 ms. */
const CELLS_PER_STEP = 16_384;

/**
 * A point-in-time pass over the entries of a store that goes on changing: copy on write, by entry.
 *
 * It walks the slabs, not the table, because cells stay where they are. Each entry has the epoch of
 * the last pass that has taken it; an entry made during the pass is born with the pass's epoch, and
 * the store calls `save` before it changes or frees one, which takes it if it was not. So every
 * entry of the beginning is taken exactly once, as it was, and no later one. A pass that ends leaves
 * its epoch on all entries; hence epochs may start over.
 */
export class Sweep {
  readonly #cells: Cells;
  readonly #epoch: number;
  readonly #out: PieceWriter;
  readonly #slabsEnd: number;
  readonly #onEnd: () => void;
  readonly #entries: number;
  #slab = 1;
  #offset = 0;
  #taken = 0;
  #ended = false;

  constructor(cells: Cells, epoch: number, out: PieceWriter, entries: number, onEnd: () => void) {
    this.#cells = cells;
    this.#epoch = epoch;
    this.#out = out;
    this.#entries = entries;
    this.#slabsEnd = cells.slabsEnd;
    this.#onEnd = onEnd;
  }

  /** The entry in `cell` is about to change or go. */
  save(cell: Cell): void {
    const word = (offsetOf(cell) >>> 2) + 1;
    const head = this.#cells.words[slabOf(cell)]![word]!;
    if (head >>> EPOCH_SHIFT !== this.#epoch) this.#take(slabOf(cell), offsetOf(cell), head);
  }

  /** Takes entries until about `bytesMax` are pending. Returns whether all are taken. */
  step(bytesMax: number): boolean {
    for (let left = CELLS_PER_STEP; left > 0 && this.#out.pending < bytesMax;) {
      if (this.#slab >= this.#slabsEnd) return this.#end();
      left -= this.#stepSlab(left, bytesMax);
    }
    return false;
  }

  /** Gives up. */
  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onEnd();
  }

  /** Goes on in one slab; returns the number of cells it looked at, at least 1. */
  #stepSlab(cellsMax: number, bytesMax: number): number {
    const size = this.#cells.cellBytes(this.#slab);
    const words = this.#cells.words[this.#slab]!;
    const end = words.length * 4;
    let looked = 0;
    let offset = this.#offset;
    while (size > 0 && offset + size <= end) {
      if (looked === cellsMax || this.#out.pending >= bytesMax) {
        this.#offset = offset;
        return Math.max(1, looked);
      }
      const head = words[(offset >>> 2) + 1]!;
      if (head !== 0 && head >>> EPOCH_SHIFT !== this.#epoch) this.#take(this.#slab, offset, head);
      offset += size;
      looked++;
    }
    this.#slab++;
    this.#offset = 0;
    return Math.max(1, looked);
  }

  #take(slab: number, offset: number, head: number): void {
    const words = this.#cells.words[slab]!;
    const word = offset >>> 2;
    const keyBytes = head & KEY_BYTES_MASK;
    words[word + 1] = ((this.#epoch << EPOCH_SHIFT) | keyBytes) >>> 0;
    const version = this.#cells.doubles[slab]![(offset >>> 3) + 1]!;
    const bytes = this.#cells.bytes[slab]!;
    this.#out.entry(bytes, offset + ENTRY_HEADER_BYTES, keyBytes, words[word]!, version);
    this.#taken++;
  }

  #end(): boolean {
    if (this.#taken !== this.#entries)
      broken(`snapshot of ${this.#taken} of ${this.#entries} entries`);
    this.close();
    return true;
  }
}
