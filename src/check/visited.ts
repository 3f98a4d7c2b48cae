import type { Frontier } from "./frontier.ts";

/**
 * The configurations that a search has entered: which completed operations are placed, the state,
 * and which pending ones are used. One that used fewer pending operations dominates: whatever
 * the other can still do, it can do too. A row is as long as the window of concurrency, not as the
 * history:
 *
 *   hash · low · state · words of the window · number of used · the window · the used
 */
export class Visited {
  #rows = new Int32Array(1 << 14);
  #end = 0;
  #slots = new Int32Array(1 << 12).fill(-1);
  #count = 0;
  readonly #window: number[] = [];

  get bytes(): number {
    return this.#rows.byteLength + this.#slots.byteLength;
  }

  /** False if this configuration, or one that dominates it, is here already; else keeps it. */
  add(f: Frontier, state: number, used: readonly number[], isUsed: Uint8Array): boolean {
    const window = this.#window;
    window.length = 0;
    let hash = Math.imul(state + 1, 0x9e3779b1) ^ Math.imul(f.low + 1, 0x85ebca6b);
    for (let from = f.low; from <= f.high; from += 32) {
      const bits = f.bits(from);
      window.push(bits);
      hash = Math.imul(hash ^ bits ^ (hash >>> 15), 0x2c1b3c6d);
    }
    hash ^= hash >>> 16;
    let slot = hash & (this.#slots.length - 1);
    for (; this.#slots[slot]! >= 0; slot = (slot + 1) & (this.#slots.length - 1)) {
      if (this.#dominates(this.#slots[slot]!, hash, f.low, state, isUsed)) return false;
    }
    this.#slots[slot] = this.#end;
    this.#append(hash, f.low, state, used);
    if (++this.#count * 2 > this.#slots.length) this.#rehash();
    return true;
  }

  #dominates(row: number, hash: number, low: number, state: number, isUsed: Uint8Array): boolean {
    const rows = this.#rows;
    const words = this.#window.length;
    if (rows[row] !== hash || rows[row + 1] !== low) return false;
    if (rows[row + 2] !== state || rows[row + 3] !== words) return false;
    for (let w = 0; w < words; w++) if (rows[row + 5 + w] !== this.#window[w]) return false;
    const used = row + 5 + words;
    for (let u = 0; u < rows[row + 4]!; u++) if (isUsed[rows[used + u]!] === 0) return false;
    return true;
  }

  #append(hash: number, low: number, state: number, used: readonly number[]): void {
    const length = 5 + this.#window.length + used.length;
    if (this.#end + length > this.#rows.length) {
      const grown = new Int32Array(Math.max(this.#rows.length * 2, this.#end + length));
      grown.set(this.#rows);
      this.#rows = grown;
    }
    const rows = this.#rows;
    let at = this.#end;
    rows[at++] = hash;
    rows[at++] = low;
    rows[at++] = state;
    rows[at++] = this.#window.length;
    rows[at++] = used.length;
    for (const bits of this.#window) rows[at++] = bits;
    for (const p of used) rows[at++] = p;
    this.#end = at;
  }

  #rehash(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(old.length * 2).fill(-1);
    const mask = this.#slots.length - 1;
    for (const row of old) {
      if (row < 0) continue;
      let slot = this.#rows[row]! & mask;
      while (this.#slots[slot]! >= 0) slot = (slot + 1) & mask;
      this.#slots[slot] = row;
    }
  }
}
