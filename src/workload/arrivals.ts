import type { Prng } from "../lib/prng.ts";

/**
 * The intended starts of an open loop, in order, in milliseconds of the caller's clock. They depend
 * on rate and seed alone, never on how fast anything is answered.
 */
export class Arrivals {
  readonly #startMs: number;
  readonly #gapMs: number;
  /** Null: constant rate. */
  readonly #prng: Prng | null;
  #count = 0;
  #nextMs: number;

  /** `rate`: operations a second. The first one is due at `startMs`. */
  constructor(kind: "constant" | "poisson", rate: number, startMs: number, prng: Prng) {
    this.#startMs = startMs;
    this.#gapMs = 1000 / rate;
    this.#prng = kind === "poisson" ? prng : null;
    this.#nextMs = startMs;
  }

  get nextMs(): number {
    return this.#nextMs;
  }

  advance(): void {
    this.#count++;
    // Constant: from the count, for a sum of gaps would drift.
    if (this.#prng === null) this.#nextMs = this.#startMs + this.#count * this.#gapMs;
    else this.#nextMs += this.#prng.exponential(this.#gapMs);
  }
}
