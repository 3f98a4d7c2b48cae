import type { ClockState } from "./api.ts";

/**
 * A node's monotonic clock, which need not agree with virtual time: it starts anywhere, runs a
 * little fast or slow, and may jump ahead (a virtual machine that was suspended). Milliseconds.
 */
export class SimClock {
  #rate: number;
  /** Both clocks at the last change of the rate. */
  #virtual = 0;
  #local: number;

  constructor({ rate, offsetMs }: ClockState) {
    this.#rate = rate;
    this.#local = offsetMs;
  }

  /** What the node's clock shows at virtual time `now`. */
  local(now: number): number {
    return this.#local + (now - this.#virtual) * this.#rate;
  }

  /** When, in virtual time, it will show `local`. A little late, so that it has not yet to come. */
  whenLocal(local: number): number {
    return this.#virtual + (local - this.#local) / this.#rate + 1e-6;
  }

  setRate(rate: number, now: number): void {
    this.#local = this.local(now);
    this.#virtual = now;
    this.#rate = rate;
  }

  /** Only ahead: it is a monotonic clock. */
  jump(ms: number): void {
    this.#local += ms;
  }
}
