import type { Prng } from "../lib/prng.ts";

/** Share of the operations that may be repeated, on the whole. */
const SHARE = 0.2;
/** And so many a second, however few operations begin: somebody has to find the next leader. */
const PER_MS = 1;
/** Of both so many may be saved up. */
const RESERVE = 100;
const PAUSE_MS_MAX = 32;
const OVERLOAD_PAUSE_MS = 10;
const OVERLOAD_PAUSE_MS_MAX = 160;
const OVERLOAD_RETRIES = 6;
/** Who may not try again now asks after so long, and up to as much more. */
const SPENT_PAUSE_MS = 100;

/**
 * How often and when the operations of one clerk are repeated. Retries that nobody knows to be of use, to
 * a node that may not lead or to one that is overloaded, come out of a budget (a token bucket, as in
 * Finagle): however many clients an outage has stopped, what they send during it is bounded, and
 * the first one that finds the leader tells all. Pauses double and have jitter, so that those whom one
 * event has stopped do not come back together. Times: milliseconds of the caller's clock.
 */
export class Retries {
  readonly #prng: Prng;
  readonly #overloadRetries: number;
  #tokens = RESERVE;
  #filledAt = 0;

  constructor(prng: Prng, overloadRetries = OVERLOAD_RETRIES) {
    this.#prng = prng;
    this.#overloadRetries = overloadRetries;
  }

  /** An operation begins. */
  began(): void {
    this.#tokens = Math.min(RESERVE, this.#tokens + SHARE);
  }

  /** Whether a retry may leave now; it then must, for it has been paid. */
  take(now: number): boolean {
    this.#tokens = Math.min(RESERVE, this.#tokens + Math.max(0, now - this.#filledAt) * PER_MS);
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Whether an operation that was refused as overloaded, `times` times by now, is tried again: paid then. */
  takeOverloaded(times: number, now: number): boolean {
    return times <= this.#overloadRetries && this.take(now);
  }

  pauseMs(times: number): number {
    return this.#jittered(Math.min(PAUSE_MS_MAX, 2 ** times));
  }

  overloadPauseMs(times: number): number {
    return this.#jittered(Math.min(OVERLOAD_PAUSE_MS_MAX, OVERLOAD_PAUSE_MS * 2 ** (times - 1)));
  }

  /** Of who was not given a retry. */
  spentPauseMs(): number {
    return this.#jittered(2 * SPENT_PAUSE_MS);
  }

  #jittered(most: number): number {
    return most * (0.5 + 0.5 * this.#prng.float());
  }
}
