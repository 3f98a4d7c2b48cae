import { assert } from "../lib/assert.ts";

/** Where a cell is: slab number × 2^16 + offset / 16. Never 0, so that 0 can mean "no cell". */
export type Cell = number;
export const NO_CELL: Cell = 0;

/** Cells up to this size share slabs; a bigger one has a buffer of its own. */
const SHARED_BYTES_MAX = 64 << 10;
/** A size class starts with a small slab, so that a rare size does not cost 1 MiB. */
const SLAB_BYTES_MIN = 64 << 10;
const SLAB_BYTES_MAX = 1 << 20;
const SLABS_MAX = 1 << 16;

/** Byte offset of a cell within its slab; a multiple of 16. */
export const offsetOf = (cell: Cell): number => (cell & 0xffff) << 4;
export const slabOf = (cell: Cell): number => cell >>> 16;

/**
 * An allocator of byte ranges ("cells") within large buffers ("slabs"): the garbage collector sees a
 * thousand objects instead of a million, and a value never pins the network buffer it came in.
 *
 * Sizes are rounded up to classes, eight to a doubling, so that less than 12 % is wasted. A freed
 * cell is reused by its own class only; slabs are never given back. At most 64 GiB in 65,536 slabs.
 */
export class Cells {
  /** The slabs by number, as bytes and as other views of the same memory. Number 0 is unused. */
  readonly bytes: Uint8Array[] = [new Uint8Array(0)];
  readonly words: Uint32Array[] = [new Uint32Array(0)];
  readonly doubles: Float64Array[] = [new Float64Array(0)];
  /** Size of each cell in the slab. */
  readonly #sizes: number[] = [0];
  /** By class: the head of the free list (linked through each free cell's first word). */
  readonly #free: Cell[] = [];
  /** By class: the slab that is being filled, up to where, and how large the last one was. */
  readonly #filling: number[] = [];
  readonly #filledTo: number[] = [];
  readonly #vacantNumbers: number[] = [];

  /** Bytes held from the system, used or not. */
  slabBytes = 0;

  /** A cell of at least `size` bytes, with undefined content, aligned to 16. */
  allocate(size: number): Cell {
    const sizeClass = classOf(size);
    if (size > SHARED_BYTES_MAX) {
      return (this.#addSlab(classBytes(sizeClass), classBytes(sizeClass)) << 16) >>> 0;
    }
    const free = this.#free[sizeClass] ?? NO_CELL;
    if (free !== NO_CELL) {
      this.#free[sizeClass] = this.words[slabOf(free)]![offsetOf(free) >>> 2]!;
      return free;
    }
    return this.#cut(sizeClass);
  }

  /** Gives a cell back. Its content may be overwritten from now on. */
  free(cell: Cell): void {
    const slab = slabOf(cell);
    const size = this.#sizes[slab]!;
    if (size > SHARED_BYTES_MAX) {
      this.slabBytes -= size;
      this.bytes[slab] = this.bytes[0]!;
      this.words[slab] = this.words[0]!;
      this.doubles[slab] = this.doubles[0]!;
      this.#vacantNumbers.push(slab);
      return;
    }
    const sizeClass = classOf(size);
    this.words[slab]![offsetOf(cell) >>> 2] = this.#free[sizeClass] ?? NO_CELL;
    this.#free[sizeClass] = cell;
  }

  /** Numbers of slabs that were ever used are below it. */
  get slabsEnd(): number {
    return this.bytes.length;
  }

  /** Size of each cell of a slab; 0 for a slab that is not in use. */
  cellBytes(slab: number): number {
    return this.bytes[slab]!.length === 0 ? 0 : this.#sizes[slab]!;
  }

  /** How many bytes fit in the cell: at least what was asked for. */
  capacity(cell: Cell): number {
    return this.#sizes[slabOf(cell)]!;
  }

  /** The next unused cell of the class's current slab, or the first of a new one. */
  #cut(sizeClass: number): Cell {
    const size = classBytes(sizeClass);
    let slab = this.#filling[sizeClass] ?? 0;
    let at = this.#filledTo[sizeClass] ?? 0;
    if (at + size > this.bytes[slab]!.length) {
      const grown = Math.max(SLAB_BYTES_MIN, this.bytes[slab]!.length * 2);
      slab = this.#addSlab(Math.min(SLAB_BYTES_MAX, grown), size);
      this.#filling[sizeClass] = slab;
      at = 0;
    }
    this.#filledTo[sizeClass] = at + size;
    return ((slab << 16) | (at >>> 4)) >>> 0;
  }

  #addSlab(bytes: number, cellBytes: number): number {
    const slab = this.#vacantNumbers.pop() ?? this.bytes.length;
    assert(slab < SLABS_MAX, "out of slabs: the store holds 65,535");
    const buffer = new ArrayBuffer(bytes);
    this.bytes[slab] = new Uint8Array(buffer);
    this.words[slab] = new Uint32Array(buffer);
    this.doubles[slab] = new Float64Array(buffer);
    this.#sizes[slab] = cellBytes;
    this.slabBytes += bytes;
    return slab;
  }
}

/** The class of a size, from 1. Classes 0–7: 16, 32, … 128; from there eight even steps to each doubling: 144, 160, … 256, 288, … */
export function classOf(size: number): number {
  if (size <= 128) return ((size + 15) >>> 4) - 1;
  const power = 31 - Math.clz32(size - 1); // 2^power < size <= 2^(power + 1)
  return 8 * (power - 6) + ((size - 1 - (1 << power)) >>> (power - 3));
}

/** The size of the cells of a class: classOf(classBytes(c)) is c. */
export function classBytes(sizeClass: number): number {
  if (sizeClass < 8) return (sizeClass + 1) << 4;
  const power = 6 + (sizeClass >>> 3);
  return (1 << power) + (((sizeClass & 7) + 1) << (power - 3));
}
