import type { Prng } from "../lib/prng.ts";
import { CLEAR_LINK, type LinkState } from "./vocabulary.ts";

const DROPPED: readonly number[] = [];

/**
 * The fate of the frames on one directed link: lost, delivered now or later, delivered twice, held
 * back so that later frames overtake it. Frames keep their order unless `reorder` is on. It decides
 * only; the proxy and the simulator carry the frames.
 *
 * Times are milliseconds of the caller's clock, fractions included.
 */
export class LinkFaults {
  readonly #prng: Prng;
  #state: LinkState = CLEAR_LINK;
  #slow = false;
  #lossy = false;
  /** When the last frame that was not held back arrives: none after it may arrive sooner. */
  #tailMs = 0;

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  get state(): LinkState {
    return this.#state;
  }

  get cut(): boolean {
    return this.#state.cut;
  }

  /** Whether a frame may have to wait. */
  get slow(): boolean {
    return this.#slow;
  }

  /** Whether every frame is delivered once and at once, so that it need not be offered. */
  get transparent(): boolean {
    return !this.#slow && !this.#lossy && !this.#state.cut;
  }

  /**
   * Puts another state in force. The caller then drops the frames it still holds if the link is
   * cut, and delivers them at once, in order, if it is not `slow`.
   */
  set(state: LinkState): void {
    this.#state = state;
    this.#slow = state.delayMs > 0 || state.jitterMs > 0 || state.reorder > 0;
    this.#lossy = state.loss > 0 || state.duplicate > 0;
    if (!this.#slow || state.cut) this.#tailMs = 0;
  }

  /** What is offered from now on does not wait for what came before: a new connection. */
  reconnect(): void {
    this.#tailMs = 0;
  }

  /** When the frame offered at `nowMs` arrives: never, once, or twice. Not before `nowMs`. */
  offer(nowMs: number): readonly number[] {
    const { cut, loss, duplicate } = this.#state;
    if (cut || (loss > 0 && this.#prng.chance(loss))) return DROPPED;
    const first = this.#arrival(nowMs);
    if (duplicate === 0 || !this.#prng.chance(duplicate)) return [first];
    return [first, this.#arrival(nowMs)];
  }

  #arrival(nowMs: number): number {
    const { delayMs, jitterMs, reorder, reorderWithinMs } = this.#state;
    const jitter = jitterMs > 0 ? this.#prng.float() * jitterMs : 0;
    const inOrder = Math.max(this.#tailMs, nowMs + delayMs + jitter);
    if (reorder > 0 && this.#prng.chance(reorder)) {
      return inOrder + this.#prng.float() * reorderWithinMs;
    }
    this.#tailMs = inOrder;
    return inOrder;
  }
}
