/**
 * Dense ids for value numbers, in order of first sight: open addressing over typed arrays, because
 * a `Map` of a million numbers costs more than reading the rest of the file.
 */
export class ValueTable {
  #slots = new Int32Array(1 << 12).fill(-1);
  #mask = (1 << 12) - 1;
  /** Number ≥ 0, or −2 − i for text i. By id. */
  #handles = new Float64Array(1 << 11);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  handle(id: number): number {
    return this.#handles[id]!;
  }

  /** The id of a handle, new if it was never seen. */
  id(handle: number): number {
    let slot = hash(handle) & this.#mask;
    for (;;) {
      const id = this.#slots[slot]!;
      if (id < 0) break;
      if (this.#handles[id] === handle) return id;
      slot = (slot + 1) & this.#mask;
    }
    if (this.#size === this.#handles.length) {
      this.#grow();
      return this.id(handle);
    }
    this.#slots[slot] = this.#size;
    this.#handles[this.#size] = handle;
    return this.#size++;
  }

  /** Twice as many slots as handles, always. */
  #grow(): void {
    const handles = new Float64Array(this.#handles.length * 2);
    handles.set(this.#handles);
    this.#handles = handles;
    this.#slots = new Int32Array(handles.length * 2).fill(-1);
    this.#mask = this.#slots.length - 1;
    for (let id = 0; id < this.#size; id++) {
      let slot = hash(handles[id]!) & this.#mask;
      while (this.#slots[slot]! >= 0) slot = (slot + 1) & this.#mask;
      this.#slots[slot] = id;
    }
  }
}

function hash(handle: number): number {
  const high = Math.floor(handle / 0x1_0000_0000);
  const mixed = Math.imul((handle | 0) ^ Math.imul(high, 0x85ebca6b), 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}
