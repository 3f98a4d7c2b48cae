/** Cells that remember what they held, so that a search can take back what it tried. */
export class UndoMemory {
  readonly cells: Int32Array;
  /** Pairs of cell and value before. Small at first: most searches are of few operations. */
  #log = new Int32Array(1 << 7);
  #length = 0;

  constructor(size: number) {
    this.cells = new Int32Array(size);
  }

  set(cell: number, value: number): void {
    if (this.cells[cell] === value) return;
    if (this.#length === this.#log.length) {
      const grown = new Int32Array(this.#length * 2);
      grown.set(this.#log);
      this.#log = grown;
    }
    this.#log[this.#length++] = cell;
    this.#log[this.#length++] = this.cells[cell]!;
    this.cells[cell] = value;
  }

  /** What to give to `undo` in order to come back to here. */
  get mark(): number {
    return this.#length;
  }

  undo(mark: number): void {
    while (this.#length > mark) {
      const value = this.#log[--this.#length]!;
      this.cells[this.#log[--this.#length]!] = value;
    }
  }

  get bytes(): number {
    return this.cells.byteLength + this.#log.byteLength;
  }
}
