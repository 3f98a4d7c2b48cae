/** A 64-bit hash over a sequence of numbers: two runs that differ anywhere differ here. */
export class TraceHash {
  #a = 0x243f6a88;
  #b = 0x85a308d3;

  /** Mixes in the low 32 bits of an integer. */
  mix(value: number): void {
    this.#a = Math.imul(this.#a ^ value, 0x85ebca6b);
    this.#a = (this.#a << 13) | (this.#a >>> 19);
    this.#b = (Math.imul(this.#b ^ this.#a, 0xc2b2ae35) + value) | 0;
  }

  /** Virtual milliseconds, to the nanosecond. */
  mixTime(ms: number): void {
    const ns = Math.round(ms * 1e6);
    this.mix(ns | 0);
    this.mix(Math.floor(ns / 0x1_0000_0000));
  }

  /** 16 hex digits. */
  digest(): string {
    return [this.#a, this.#b].map((n) => (n >>> 0).toString(16).padStart(8, "0")).join("");
  }
}
