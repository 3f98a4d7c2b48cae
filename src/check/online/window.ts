import { NO_RETURN, OUTCOME_INFO, OUTCOME_MISMATCH } from "../../history/op.ts";
import { OP_GET } from "../../kv/command.ts";
import { limitsOfLooks } from "../looks.ts";
import { isProvenIllegal } from "./exact.ts";
import type { Queue, UnknownWrite } from "./outstanding.ts";
import { IndexReplay, type Row } from "./replay.ts";
import { noOrder } from "./sentences.ts";

/** So many of the latest operations of a key are always there to be searched, and no more than twice. */
const WINDOW = 64;
/** With more writes of unknown outcome than this the key is left to the final check. */
const PENDING_MAX = 16;
/** Operations between two searches of a key: at first, and more with each that proved nothing. */
const REST_MIN = 8;
const REST_MAX = 128;
/** Of a key whose replies tell no index, the window is searched every so many operations. */
const PERIOD = WINDOW;
/** What one search may take, 256 steps a look: it holds up the load (about 20 ms). */
const SEARCH_LOOKS = 100;
const SEARCH_BYTES = 8 << 20;

/**
 * One key of which versions do not tell enough: it is deleted now and then, so that versions come
 * back, or replies tell none. Its latest operations are kept, and searched exactly (isProvenIllegal)
 * when the replay by log index gives cause for it, or now and then where replies tell no index.
 *
 * A window is a piece of the history after a cut in time. What returned before the cut took effect
 * before it, and is gone; what the key held then is not known. A write that spans the cut may have
 * taken effect before: it is pending, as are writes of unknown outcome from any time and those
 * outstanding now. A read that spans it is left out. Leaving out reads, and the state at the start
 * open, only allows more; so if the piece fits no order, the history fits none.
 */
export class KeyWindow {
  readonly #queue: Queue;
  readonly #replay: IndexReplay;
  /** Completed, in order of return; a refused put or a get, or a write, acknowledged. */
  #rows: Row[] = [];
  #pending: Row[];
  /** Rank; what was called before is not followed by all that came before it. −1: it is all here. */
  #cut: number;
  #isGivenUp = false;
  /** The rank at which the replay last gave cause for a search; −1: none that is open. */
  #suspectAt = -1;
  #restLength = REST_MIN;
  /** Operations until the next search may be, if above 0. */
  #rest = 0;
  #unsearched = 0;

  /**
   * `queue`: outstanding operations of the key, without the one that is completing. `cut`: the
   * rank before which operations are not known, −1: this is the first; `unknown`: writes from then.
   */
  constructor(queue: Queue, cut: number, unknown: readonly UnknownWrite[]) {
    this.#queue = queue;
    this.#cut = cut;
    this.#replay = new IndexReplay(cut < 0);
    this.#pending = [];
    for (const write of unknown) this.lost(write);
  }

  /** The latest place in the servers' order that was told: for Outstanding.orderFloor. */
  get latestOrder(): number {
    return this.#replay.latestOrder;
  }

  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  /** The outcome of a write is unknown. */
  lost(write: UnknownWrite): void {
    if (this.#pending.length >= PENDING_MAX) this.giveUp();
    else if (!this.#isGivenUp) this.#pending.push(pendingRow(write));
  }

  giveUp(): void {
    this.#isGivenUp = true;
    this.#rows = [];
    this.#pending = [];
  }

  /** An operation was answered. Returns why no order explains the window, or null. */
  answered(row: Row): string | null {
    if (this.#isGivenUp) return null;
    this.#rows.push(row);
    this.#rest--;
    this.#unsearched++;
    if (row.index > 0) this.#replay.add(row);
    if (!this.#replayFinal()) {
      this.#suspectAt = row.ret;
      this.#restLength = REST_MIN;
    }
    const isDue = this.#suspectAt >= 0 || (row.index === 0 && this.#unsearched >= PERIOD);
    const violation = isDue && this.#rest <= 0 ? this.#search(row) : null;
    if (this.#rows.length >= 2 * WINDOW) this.#slide();
    return violation;
  }

  /** Replays what nothing outstanding can come before any more; returns whether it fits. */
  #replayFinal(): boolean {
    return this.#replay.advance(this.#queue.oldest?.orderFloor ?? this.#replay.latestOrder);
  }

  #search(last: Row): string | null {
    this.#unsearched = 0;
    this.#rest = this.#restLength;
    this.#restLength = Math.min(REST_MAX, this.#restLength * 2);
    // What was outstanding at the cause may explain it, until it has completed otherwise.
    const oldest = this.#queue.oldest;
    if (oldest === null || oldest.call > this.#suspectAt) this.#suspectAt = -1;
    const rows = this.#rows.filter((row) => row.call > this.#cut);
    const pending = [...this.#pending, ...this.#rows.filter((row) => this.#spans(row))];
    for (let o = this.#queue.oldest; o !== null; o = o.newer) pending.push(pendingRow(o));
    const maybe = pending
      .filter(({ op }) => op !== OP_GET)
      .map((row) => ({ ...row, ret: NO_RETURN }));
    const window = [...rows, ...maybe].sort((a, b) => a.call - b.call);
    const limits = limitsOfLooks(SEARCH_LOOKS, SEARCH_BYTES);
    if (!isProvenIllegal(window, this.#cut < 0, limits)) return null;
    return noOrder(last, rows.length);
  }

  #spans(row: Row): boolean {
    return row.call <= this.#cut && row.outcome !== OUTCOME_MISMATCH;
  }

  #slide(): void {
    this.#cut = this.#rows[this.#rows.length - WINDOW - 1]!.ret;
    this.#rows = this.#rows.slice(-WINDOW);
  }
}

const pendingRow = ({ process, op, value, expected, call }: UnknownWrite): Row => ({
  ...{ process, op, value, expected, call, outcome: OUTCOME_INFO, version: -1, index: 0 },
  ret: NO_RETURN,
});
