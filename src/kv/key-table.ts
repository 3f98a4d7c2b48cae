import { type Cell, type Cells, NO_CELL, offsetOf, slabOf } from "./cells.ts";

/**
 * An entry of the store, in its cell: the key is beside the value, so that a put or a get touches one
 * place in memory.
 *
 *   offset  type  field
 *        0  u32   valueBytes
 *        4  u16   keyBytes         0: the cell is free
 *        6  u16   epoch            of the last snapshot that has this entry, or began before it was
 *        8  f64   version
 *       16  …     key, then value
 */
export const ENTRY_HEADER_BYTES = 16;
/** Of the second word: the epoch is above it. */
export const KEY_BYTES_MASK = 0xffff;
export const EPOCH_SHIFT = 16;
const CAPACITY_MIN = 1024;

/**
 * A hash table from key bytes to cells: open addressing with linear probing in one typed array of
 * (hash, cell) pairs. A removal shifts back what follows, so there are no tombstones, and a table that
 * has seen a million deletes is as fast as a new one. It grows by doubling when three quarters full
 * (30 ms for a million keys, without touching a key) and does not shrink.
 *
 * The hash is not keyed: whoever can choose keys could make them collide. Clients are trusted.
 */
export class KeyTable {
  readonly #cells: Cells;
  #slots = new Uint32Array(2 * CAPACITY_MIN);
  #mask = CAPACITY_MIN - 1;
  /** Where the last find ended: the key's slot, or the empty one where it belongs. */
  #cursor = 0;
  #cursorHash = 0;
  /** Hashes of keys that are about to be looked up. */
  readonly #expected: number[] = [];

  /** Number of keys. */
  size = 0;
  /** Of no meaning: without a use for it, what `prefetch` reads would not be read. */
  prefetched = 0;

  constructor(cells: Cells) {
    this.#cells = cells;
  }

  /** Slots: at most three quarters of them are taken. */
  get capacity(): number {
    return this.#mask + 1;
  }

  /** The cell of the key in `view[keyAt, keyAt + keyBytes)`, or NO_CELL. Moves the cursor there. */
  find(view: DataView, keyAt: number, keyBytes: number): Cell {
    const hash = hashKey(view, keyAt, keyBytes);
    const slots = this.#slots;
    let slot = hash & this.#mask;
    this.#cursorHash = hash;
    for (;;) {
      const cell = slots[2 * slot + 1]!;
      if (cell === NO_CELL || (slots[2 * slot] === hash && this.#is(cell, view, keyAt, keyBytes))) {
        this.#cursor = slot;
        return cell;
      }
      slot = (slot + 1) & this.#mask;
    }
  }

  /** Notes a key that is about to be looked up, for `prefetch`. */
  expect(view: DataView, keyAt: number, keyBytes: number): void {
    this.#expected.push(hashKey(view, keyAt, keyBytes));
  }

  /**
   * Brings the slots of the keys that are expected, and the cells that they are likely to have, into
   * the processor's cache. Loops that do nothing else wait for the memory of many keys side by side;
   * `find` for each by itself, which is half of what a put costs.
   */
  prefetch(): void {
    const expected = this.#expected;
    const slots = this.#slots;
    const mask = this.#mask;
    for (let i = 0; i < expected.length; i++) {
      expected[i] = slots[2 * (expected[i]! & mask) + 1]!;
    }
    const { words } = this.#cells;
    let read = 0;
    for (let i = 0; i < expected.length; i++) {
      const cell = expected[i]!;
      // Of no cell it is the slab that is not used, where nothing is read.
      read ^= words[slabOf(cell)]![offsetOf(cell) >>> 2] ?? 0;
    }
    this.prefetched = read;
    expected.length = 0;
  }

  /** Puts a new key's cell where the last find, which must have found nothing, ended. */
  insert(cell: Cell): void {
    this.#slots[2 * this.#cursor] = this.#cursorHash;
    this.#slots[2 * this.#cursor + 1] = cell;
    this.size++;
    if (this.size * 4 > (this.#mask + 1) * 3) this.#grow();
  }

  /** The entry that the last find found has moved to another cell. */
  replace(cell: Cell): void {
    this.#slots[2 * this.#cursor + 1] = cell;
  }

  /** Takes out the key that the last find found. */
  remove(): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let hole = this.#cursor;
    for (let slot = (hole + 1) & mask; slots[2 * slot + 1] !== NO_CELL; slot = (slot + 1) & mask) {
      const home = slots[2 * slot]! & mask;
      // An entry may move back into the hole only if that does not put it before its home slot.
      if (((slot - home) & mask) >= ((slot - hole) & mask)) {
        slots[2 * hole] = slots[2 * slot]!;
        slots[2 * hole + 1] = slots[2 * slot + 1]!;
        hole = slot;
      }
    }
    slots[2 * hole + 1] = NO_CELL;
    this.size--;
  }

  /** Every cell, in slot order: the same for the same history of inserts and removals. */
  *cells(): IterableIterator<Cell> {
    for (let i = 1; i < this.#slots.length; i += 2) {
      if (this.#slots[i] !== NO_CELL) yield this.#slots[i]!;
    }
  }

  #is(cell: Cell, view: DataView, keyAt: number, keyBytes: number): boolean {
    const words = this.#cells.words[slabOf(cell)]!;
    let word = offsetOf(cell) >>> 2;
    if ((words[word + 1]! & KEY_BYTES_MASK) !== keyBytes) return false;
    word += ENTRY_HEADER_BYTES >>> 2;
    const end = keyAt + keyBytes;
    let at = keyAt;
    for (; at + 4 <= end; at += 4) {
      if (words[word++] !== view.getUint32(at, true)) return false;
    }
    const bytes = this.#cells.bytes[slabOf(cell)]!;
    for (let byte = word << 2; at < end; at++) {
      if (bytes[byte++] !== view.getUint8(at)) return false;
    }
    return true;
  }

  #grow(): void {
    const old = this.#slots;
    const mask = this.#mask * 2 + 1;
    const slots = new Uint32Array(2 * (mask + 1));
    for (let i = 0; i < old.length; i += 2) {
      if (old[i + 1] === NO_CELL) continue;
      let slot = old[i]! & mask;
      while (slots[2 * slot + 1] !== NO_CELL) slot = (slot + 1) & mask;
      slots[2 * slot] = old[i]!;
      slots[2 * slot + 1] = old[i + 1]!;
    }
    this.#slots = slots;
    this.#mask = mask;
  }
}

/** 32 bits of the key, four bytes a step (multiply and rotate; the finalizer is MurmurHash3's). */
export function hashKey(view: DataView, keyAt: number, keyBytes: number): number {
  const end = keyAt + keyBytes;
  let hash = Math.imul(keyBytes, 0x9e3779b1);
  let at = keyAt;
  for (; at + 4 <= end; at += 4) {
    hash = Math.imul(hash ^ view.getUint32(at, true), 0x85ebca6b);
    hash = (hash << 13) | (hash >>> 19);
  }
  let tail = 0;
  for (; at < end; at++) tail = (tail << 8) | view.getUint8(at);
  hash = Math.imul(hash ^ tail, 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
