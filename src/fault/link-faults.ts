import type { Prng } from "../lib/prng.ts";
import { type FrameMeaning, MessageRules, TermWatch } from "./message-rules.ts";
import { CLEAR_LINK, type LinkState } from "./vocabulary.ts";

/**
 * What may wait for a link of limited bandwidth, as in the socket buffers and queue of a sender; what
 * comes while so much waits is lost.
 */
export const BACKLOG_BYTES_MAX = 4 << 20;

const DROPPED: readonly number[] = [];

/**
 * The fate of the frames on one directed link: lost, delivered now or later, delivered twice, held
 * back so that later frames overtake it. Frames keep their order unless `reorder` or a rule about
 * messages is on. It decides only; the proxy and the simulator carry the frames, and keep them while
 * the link is `clogged`.
 *
 * Times are milliseconds of the caller's clock, fractions included.
 */
export class LinkFaults {
  readonly #prng: Prng;
  readonly #terms: TermWatch;
  readonly #rules: MessageRules;
  #state: LinkState = CLEAR_LINK;
  #slow = false;
  #lossy = false;
  /** When the last frame that was not held back arrives: none after it may arrive sooner. */
  #lastMs = 0;
  /** When a link of limited bandwidth has sent all that was offered to it. */
  #sentMs = 0;

  /** `terms` is shared by all links of a cluster. */
  constructor(prng: Prng, terms = new TermWatch()) {
    this.#prng = prng;
    this.#terms = terms;
    this.#rules = new MessageRules(terms);
  }

  get state(): LinkState {
    return this.#state;
  }

  get cut(): boolean {
    return this.#state.cut;
  }

  /** Whether frames must be kept, and offered only once this is over. A cut link loses them instead. */
  get clogged(): boolean {
    return this.#state.clogged && !this.#state.cut;
  }

  /** Whether a frame may have to wait. */
  get slow(): boolean {
    return this.#slow;
  }

  /** Whether `offer` must be told what a frame means. */
  get asksMeaning(): boolean {
    return this.#state.notesTerms || this.#state.rules.length > 0;
  }

  /** Whether every frame is delivered once and at once, so that it need not be offered. */
  get transparent(): boolean {
    return !this.#slow && !this.#lossy && !this.#state.cut && !this.asksMeaning;
  }

  /**
   * Puts another state in force. The caller then drops the frames it still holds if the link is
   * cut, and delivers them at once, in order, if it is not `slow`.
   */
  set(state: LinkState): void {
    this.#state = state;
    this.#slow =
      state.delayMs > 0 ||
      state.jitterMs > 0 ||
      state.tailRatio > 0 ||
      state.reorder > 0 ||
      state.bytesPerSecond > 0 ||
      state.rules.some(({ act }) => typeof act === "object");
    this.#lossy = state.loss > 0 || state.duplicate > 0;
    this.#rules.set(state.rules);
    if (!this.#slow || state.cut) this.#lastMs = 0;
    if (state.bytesPerSecond === 0 || state.cut) this.#sentMs = 0;
  }

  /** What is offered from now on does not wait for what came before: a new connection. */
  reconnect(): void {
    this.#lastMs = 0;
    this.#sentMs = 0;
  }

  /** Bytes that wait for their turn on a link of limited bandwidth. */
  backlog(nowMs: number): number {
    const waitMs = Math.max(0, this.#sentMs - nowMs);
    return (waitMs * this.#state.bytesPerSecond) / 1000;
  }

  /**
   * When the frame offered at `nowMs` arrives: never, or once or more often. Not before `nowMs`.
   * `meaning`: null where nobody asks (asksMeaning), or for frames that are no messages.
   */
  offer(nowMs: number, bytes = 0, meaning: FrameMeaning | null = null): readonly number[] {
    const { cut, loss, duplicate } = this.#state;
    if (meaning !== null && this.#state.notesTerms) this.#terms.note(meaning);
    if (cut || (loss > 0 && this.#prng.chance(loss))) return DROPPED;
    const rules = meaning === null ? null : this.#rules.judge(meaning);
    if (rules?.drop === true || this.backlog(nowMs) > BACKLOG_BYTES_MAX) return DROPPED;
    const copies = (rules?.copies ?? 1) + (duplicate > 0 && this.#prng.chance(duplicate) ? 1 : 0);
    const heldMs = rules?.delayMs ?? 0;
    if (copies === 1) return [this.#arrival(nowMs, bytes, heldMs)];
    return Array.from({ length: copies }, () => this.#arrival(nowMs, bytes, heldMs));
  }

  /** `heldMs`: how long a rule holds it back. */
  #arrival(nowMs: number, bytes: number, heldMs: number): number {
    const { delayMs, jitterMs, tailRatio, tailMs, reorder, reorderWithinMs } = this.#state;
    const jitter = jitterMs > 0 ? this.#prng.float() * jitterMs : 0;
    const tail = tailRatio > 0 && this.#prng.chance(tailRatio) ? this.#prng.float() * tailMs : 0;
    const leavesMs = this.#leaves(nowMs, bytes);
    const inOrder = Math.max(this.#lastMs, leavesMs + delayMs + jitter + tail);
    const late = reorder > 0 && this.#prng.chance(reorder);
    if (late || heldMs > 0) {
      return inOrder + heldMs + (late ? this.#prng.float() * reorderWithinMs : 0);
    }
    this.#lastMs = inOrder;
    return inOrder;
  }

  /** When the last byte of it is sent. */
  #leaves(nowMs: number, bytes: number): number {
    const { bytesPerSecond } = this.#state;
    if (bytesPerSecond === 0) return nowMs;
    this.#sentMs = Math.max(this.#sentMs, nowMs) + (bytes * 1000) / bytesPerSecond;
    return this.#sentMs;
  }
}
