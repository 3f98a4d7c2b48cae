/** Handles below this, or below a few times as many as there are values, have a word of their own. */
const DIRECT_MIN = 1 << 12;
const DIRECT_PER_VALUE = 4;

/**
 * Dense ids for handles of values (format.ts), in order of first sight. A recorder numbers its values
 * one after the other, so that they index a table; handles beyond it are hashed, by open addressing
 * over typed arrays. A `Map` of a million numbers costs more than reading the rest of the file.
 */
export class ValueTable {
  /** Id + 1 by handle, 0: never seen. */
  #direct = new Int32Array(DIRECT_MIN);
  readonly #hashed = new HashedIds();
  /** Number ≥ 0, or −2 − i for text i. By id. */
  #handles: Float64Array = new Float64Array(1 << 11);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  handle(id: number): number {
    return this.#handles[id]!;
  }

  /** The id of a handle, new if it was never seen. */
  id(handle: number): number {
    if (handle >= this.#direct.length || handle < 0) return this.#beyond(handle);
    const id = this.#direct[handle]! - 1;
    if (id >= 0) return id;
    this.#direct[handle] = this.#size + 1;
    return this.#add(handle);
  }

  #beyond(handle: number): number {
    if (handle >= 0 && handle < DIRECT_PER_VALUE * this.#size) {
      this.#growDirect(handle);
      return this.id(handle);
    }
    const id = this.#hashed.find(handle);
    if (id >= 0) return id;
    this.#hashed.add(handle, this.#size);
    return this.#add(handle);
  }

  #add(handle: number): number {
    if (this.#size === this.#handles.length) this.#handles = doubled(this.#handles);
    this.#handles[this.#size] = handle;
    return this.#size++;
  }

  /** Handles that were hashed until now are found in the table from now on. */
  #growDirect(handle: number): void {
    const direct = new Int32Array(2 ** Math.ceil(Math.log2(handle + 1)));
    for (let id = 0; id < this.#size; id++) {
      const known = this.#handles[id]!;
      if (known >= 0 && known < direct.length) direct[known] = id + 1;
    }
    this.#direct = direct;
  }
}

function doubled(handles: Float64Array): Float64Array {
  const larger = new Float64Array(handles.length * 2);
  larger.set(handles);
  return larger;
}

/** Ids by handle. Half of the slots are free, always. */
class HashedIds {
  #handles = new Float64Array(1 << 10);
  /** Id + 1; 0: free. */
  #ids = new Int32Array(1 << 10);
  #size = 0;

  /** −1: not there. */
  find(handle: number): number {
    return this.#ids[this.#slotOf(handle)]! - 1;
  }

  /** The handle is not there yet. */
  add(handle: number, id: number): void {
    if (this.#size * 2 === this.#ids.length) this.#grow();
    const slot = this.#slotOf(handle);
    this.#handles[slot] = handle;
    this.#ids[slot] = id + 1;
    this.#size++;
  }

  /** Where the handle is, or would be. */
  #slotOf(handle: number): number {
    const mask = this.#ids.length - 1;
    let slot = hash(handle) & mask;
    while (this.#ids[slot] !== 0 && this.#handles[slot] !== handle) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const handles = this.#handles;
    const ids = this.#ids;
    this.#handles = new Float64Array(handles.length * 2);
    this.#ids = new Int32Array(ids.length * 2);
    for (let i = 0; i < ids.length; i++) {
      if (ids[i] === 0) continue;
      const slot = this.#slotOf(handles[i]!);
      this.#handles[slot] = handles[i]!;
      this.#ids[slot] = ids[i]!;
    }
  }
}

function hash(handle: number): number {
  const high = Math.floor(handle / 0x1_0000_0000);
  const mixed = Math.imul((handle | 0) ^ Math.imul(high, 0x85ebca6b), 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}
