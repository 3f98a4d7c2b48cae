import type { Prng } from "../lib/prng.ts";

/**
 * Requests that are let through for each that is accepted: a cluster that can do more again is found out by them. The book
 * has 2; here a refusal costs a sixth of what a small put does, nearly all of it in the kernel's TCP (ADR 0029).
 */
const K = 1.5;
/** So many refusals are no reason yet: a client that asks for little is not what the cluster has too much of. */
const FREE = 100;
/** What was counted counts half after so long: longer than a node lets a request wait. Milliseconds. */
const HALF_LIFE_MS = 1_000;
const DECAY_EVERY_MS = 50;

/**
 * What one client does for a group that refuses most of what it asks: refuses a part of it itself. A refusal costs
 * the node little, but not nothing, and what nobody sends costs nothing. Each operation is refused with probability
 *
 *   max(0, (requests - K × accepts - FREE) / (requests + 1))
 *
 * (Site Reliability Engineering, "Handling Overload", Client-Side Throttling; FREE is ours), so that in the
 * long run K requests are sent for each that is accepted. `requests` are those that were answered and those that were
 * refused here: a group that does not answer at all has no leader perhaps, and those who wait for one are not refused.
 *
 * Pure: times are milliseconds of the caller's clock, and may not go back by much.
 */
export class Throttle {
  readonly #prng: Prng;
  #requests = 0;
  #accepts = 0;
  #decayedAt = Number.NEGATIVE_INFINITY;

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  /** The group carried a request out. */
  accepted(now: number): void {
    this.#decay(now);
    this.#requests++;
    this.#accepts++;
  }

  /** The group refused a request as overloaded. */
  refused(now: number): void {
    this.#decay(now);
    this.#requests++;
  }

  /** Whether the next operation is refused here. It then must be: it has been counted. */
  sheds(now: number): boolean {
    const excess = this.#requests - K * this.#accepts - FREE;
    // Both decay alike, so that only less can become of an excess.
    if (excess <= 0) return false;
    this.#decay(now);
    const share = (this.#requests - K * this.#accepts - FREE) / (this.#requests + 1);
    if (share <= 0 || this.#prng.float() >= share) return false;
    this.#requests++;
    return true;
  }

  #decay(now: number): void {
    const elapsed = now - this.#decayedAt;
    if (elapsed < DECAY_EVERY_MS) return;
    const kept = 0.5 ** (elapsed / HALF_LIFE_MS);
    this.#requests *= kept;
    this.#accepts *= kept;
    this.#decayedAt = now;
  }
}

/** The throttles of a clerk, one a group: one that has too much to do is no reason to refuse what is for others. */
export class Throttles {
  readonly #prng: Prng;
  readonly #ofGroup = new Map<number, Throttle>();
  /** Operations refused here since the start. */
  shed = 0;

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  /** Whether the next operation for the group is refused here; counted then. */
  sheds(group: number, now: number): boolean {
    const sheds = this.of(group).sheds(now);
    if (sheds) this.shed++;
    return sheds;
  }

  of(group: number): Throttle {
    let throttle = this.#ofGroup.get(group);
    if (throttle === undefined) {
      throttle = new Throttle(this.#prng);
      this.#ofGroup.set(group, throttle);
    }
    return throttle;
  }
}
