/**
 * Seeded pseudo-random numbers (xoshiro128**, Blackman and Vigna 2018), seeded through splitmix32.
 * The same seed gives the same sequence on every machine. Not for secrets.
 *
 * `fork(label)` derives an independent stream, so that one more draw in one place (a link, a node,
 * a disk) does not shift the draws of another.
 */
export class Prng {
  #a: number;
  #b: number;
  #c: number;
  #d: number;
  readonly #seed: number;

  /** `seed`: any safe integer >= 0; its low 53 bits all count. */
  constructor(seed: number) {
    this.#seed = seed;
    let state = (seed % 0x1_0000_0000) ^ Math.imul(Math.floor(seed / 0x1_0000_0000), 0x9e3779b1);
    const next = (): number => {
      state = (state + 0x9e3779b9) | 0;
      let t = state ^ (state >>> 16);
      t = Math.imul(t, 0x21f0aaad);
      t ^= t >>> 15;
      t = Math.imul(t, 0x735a2d97);
      return t ^ (t >>> 15);
    };
    this.#a = next();
    this.#b = next();
    this.#c = next();
    this.#d = next() | 1; // Never all zero, the one state that repeats for ever.
  }

  /** Uniform over 0 … 2^32 - 1. */
  u32(): number {
    const b5 = Math.imul(this.#b, 5);
    const result = Math.imul((b5 << 7) | (b5 >>> 25), 9) >>> 0;
    const t = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= t;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  /** Uniform over [0, 1), 32 bits of it. */
  float(): number {
    return this.u32() / 0x1_0000_0000;
  }

  /** Uniform over 0 … n - 1, for 1 <= n <= 2^32. The bias, below n / 2^32, is not corrected. */
  below(n: number): number {
    return Math.floor(this.float() * n);
  }

  /** Uniform over min … max, both included. */
  between(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }

  chance(probability: number): boolean {
    return this.float() < probability;
  }

  /** Exponential with the given mean: the gaps of a Poisson process. */
  exponential(mean: number): number {
    return -Math.log(1 - this.float()) * mean;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** A new array in random order (Fisher and Yates). */
  shuffle<T>(items: readonly T[]): T[] {
    const out = [...items];
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [out[i], out[j]] = [out[j]!, out[i]!];
    }
    return out;
  }

  /** An independent stream named by `label`; does not advance this one. */
  fork(label: string): Prng {
    let hash = 0x811c9dc5; // FNV-1a
    for (let i = 0; i < label.length; i++) hash = Math.imul(hash ^ label.charCodeAt(i), 0x01000193);
    // Both halves take in label and seed, each mixed in its own way: the constructor folds them into
    // one, and alike they would cancel out.
    const low = mix(hash ^ this.#seed) >>> 0;
    const high = mix(hash + Math.floor(this.#seed / 0x1_0000_0000)) >>> 11;
    return new Prng(high * 0x1_0000_0000 + low);
  }
}

/** The finalizer of MurmurHash3: every bit of `h` moves half of the result's. */
function mix(h: number): number {
  let t = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  t = Math.imul(t ^ (t >>> 13), 0xc2b2ae35);
  return t ^ (t >>> 16);
}
