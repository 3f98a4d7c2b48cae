const NEVER = Number.POSITIVE_INFINITY;

/**
 * When each slot of a clerk acts next, and when its operation is given up. Times: milliseconds of the
 * caller's clock. A slot without an operation has no alarm.
 */
export class SlotAlarms {
  /** When the whole operation is given up. */
  readonly #overAt: Float64Array;
  readonly #actAt: Float64Array;
  /** No later than the first alarm; may be early, as an alarm that was put off does not move it. */
  #next = NEVER;

  constructor(slots: number) {
    this.#overAt = new Float64Array(slots);
    this.#actAt = new Float64Array(slots).fill(NEVER);
  }

  /** The slot has an operation that is given up at `overAt`; its first alarm is still to be set. */
  begin(slot: number, overAt: number): void {
    this.#overAt[slot] = overAt;
  }

  /** The slot acts at `at`, or when its operation is given up if that is sooner. */
  set(slot: number, at: number): void {
    const when = Math.min(at, this.#overAt[slot]!);
    this.#actAt[slot] = when;
    if (when < this.#next) this.#next = when;
  }

  /** The slot has no operation any more. */
  end(slot: number): void {
    this.#actAt[slot] = NEVER;
  }

  isOver(slot: number, now: number): boolean {
    return now >= this.#overAt[slot]!;
  }

  /** When `ring` is next needed; may be early, never late. Infinity when no slot has an operation. */
  next(): number {
    return this.#next;
  }

  /** Calls `act` for each slot whose time has come; it sets the slot's next alarm or ends it. */
  ring(now: number, act: (slot: number, now: number) => void): void {
    if (now < this.#next) return;
    this.#next = NEVER;
    for (let slot = 0; slot < this.#actAt.length; slot++) {
      const at = this.#actAt[slot]!;
      if (now >= at) act(slot, now);
      else if (at < this.#next) this.#next = at;
    }
  }
}
