const NONE = -1;
/** FNV-1a. */
const HASH_START = 0x811c_9dc5;
const HASH_FACTOR = 0x0100_0193;

/**
 * The texts that writes wrote, each once, so that a text made of them is read in one way only: either
 * because the first characters of tokens occur nowhere else in them (`v12v7`), or because none is
 * the beginning of another. A token's number is the place of its write.
 */
export class Tokens {
  readonly #texts: string[] = [];
  readonly #numbers: Int32Array;
  readonly #hashes: Int32Array;
  /** Open addressing: index into the columns above, plus one. */
  readonly #table: Int32Array;
  /** By char code: whether a token begins with it; null: that does not tell tokens apart. */
  #isFirst: Uint8Array | null = new Uint8Array(1 << 16);
  readonly #lengths = new Set<number>();

  /** `most`: as many tokens as there can be. */
  constructor(most: number) {
    this.#numbers = new Int32Array(most);
    this.#hashes = new Int32Array(most);
    this.#table = new Int32Array(2 ** Math.ceil(Math.log2(most * 2 + 1)));
  }

  /** False: it is empty, or there already. */
  add(text: string, number: number): boolean {
    const hash = hashOf(text, 0, text.length);
    const at = this.#slotOf(hash, text, 0, text.length);
    if (text.length === 0 || this.#table[at] !== 0) return false;
    const index = this.#texts.push(text) - 1;
    this.#numbers[index] = number;
    this.#hashes[index] = hash;
    this.#table[at] = index + 1;
    this.#lengths.add(text.length);
    return true;
  }

  /** Whether every text is read in one way only. Call it after the last add. */
  seal(): boolean {
    if (this.#hasFirsts()) return true;
    this.#isFirst = null;
    const lengths = [...this.#lengths].sort((a, b) => a - b);
    return this.#texts.every((text) =>
      lengths.every((length) => length >= text.length || this.find(text, 0, length) === NONE),
    );
  }

  /** The number of the token text[from … to − 1], or −1. */
  find(text: string, from: number, to: number): number {
    const entry = this.#table[this.#slotOf(hashOf(text, from, to), text, from, to)]!;
    return entry === 0 ? NONE : this.#numbers[entry - 1]!;
  }

  /** Where the token ends that begins at `from`; −1: none does. */
  end(text: string, from: number): number {
    const isFirst = this.#isFirst;
    if (isFirst === null) {
      for (const length of this.#lengths) {
        if (from + length <= text.length && this.find(text, from, from + length) !== NONE) {
          return from + length;
        }
      }
      return NONE;
    }
    let at = from + 1;
    while (at < text.length && isFirst[text.charCodeAt(at)] === 0) at++;
    return at;
  }

  #hasFirsts(): boolean {
    const isFirst = this.#isFirst!;
    for (const text of this.#texts) isFirst[text.charCodeAt(0)] = 1;
    for (const text of this.#texts) {
      for (let i = 1; i < text.length; i++) if (isFirst[text.charCodeAt(i)] !== 0) return false;
    }
    return true;
  }

  /** Where the table has that text, or has room for it. */
  #slotOf(hash: number, text: string, from: number, to: number): number {
    const mask = this.#table.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const entry = this.#table[at]!;
      if (entry === 0) return at;
      if (this.#hashes[entry - 1] !== hash) continue;
      const token = this.#texts[entry - 1]!;
      if (token.length === to - from && text.startsWith(token, from)) return at;
    }
  }
}

function hashOf(text: string, from: number, to: number): number {
  let hash = HASH_START;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ text.charCodeAt(i), HASH_FACTOR);
  return hash ^ (hash >>> 15);
}
