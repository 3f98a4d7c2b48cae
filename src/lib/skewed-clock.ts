/** How fast a clock goes as long as no fault acts on it, and what it shows at the start. */
export type ClockState = { readonly rate: number; readonly offsetMs: number };

/**
 * A monotonic clock that need not agree with the true one it is made from: it starts anywhere, runs
 * fast or slow, jumps ahead (a virtual machine that was suspended), or goes by jerks. What it shows
 * never falls. `now` is the true time; all are milliseconds.
 */
export class SkewedClock {
  /** When no fault acts on it. */
  readonly #usualRate: number;
  #rate: number;
  /** It goes by jerks of so much true time; 0: evenly. */
  #everyMs = 0;
  /** Both clocks at the last change. */
  #true = 0;
  #shown: number;

  constructor({ rate, offsetMs }: ClockState) {
    this.#usualRate = rate;
    this.#rate = rate;
    this.#shown = offsetMs;
  }

  /** What the clock shows at `now`. */
  local(now: number): number {
    const passed = now - this.#true;
    const counted = this.#everyMs > 0 ? passed - (passed % this.#everyMs) : passed;
    return this.#shown + counted * this.#rate;
  }

  /** When it will show `local`. A little late, so that it has not yet to come. */
  whenLocal(local: number): number {
    const passes = (local - this.#shown) / this.#rate;
    const jerks = this.#everyMs > 0 ? Math.ceil(passes / this.#everyMs) * this.#everyMs : passes;
    return this.#true + jerks + 1e-6;
  }

  setRate(rate: number, now: number): void {
    this.#settle(now);
    this.#rate = rate;
  }

  /** Only ahead: it is a monotonic clock. */
  jump(ms: number): void {
    this.#shown += ms;
  }

  /** From now on it stands still for `everyMs` and then makes up for it, over and over. */
  strobe(everyMs: number, now: number): void {
    this.#settle(now);
    this.#everyMs = everyMs;
  }

  /** It goes as it usually does. What it has jumped it keeps. */
  heal(now: number): void {
    this.#settle(now);
    this.#everyMs = 0;
    this.#rate = this.#usualRate;
  }

  /** What a jerk has still to make up for is made up for now. */
  #settle(now: number): void {
    this.#shown += (now - this.#true) * this.#rate;
    this.#true = now;
  }
}
