import type { Millis } from "../raft/api.ts";

/** A sync that takes longer is one by a slow disk: heartbeats must not stop with it. */
const QUICK_MS_MAX = 1;
/**
 * Away from the event loop a sync also waits for threads and for the loop itself, which under load take
 * longer than a quick disk. What takes longer than this is a disk that stalls.
 */
const AWAY_MS_MAX = 8;
/** After a slow one so many records are synced away from the loop; twice as many after each further one. */
const AWAY_RECORDS_MIN = 8;
const AWAY_RECORDS_MAX = 512;

/**
 * Whether the event loop waits for the sync of a record, or leaves it to a thread. To wait costs less:
 * one system call, where a thread must be woken (6 or 7 futexes) and must wake the loop again. What
 * arrives meanwhile is in the sockets, and forms the next record. But a slow disk must not be waited for,
 * and how slow it is shows only in waiting, since what a thread's sync takes is mostly not the disk's.
 * So it is tried again, ever more seldom.
 */
export class SyncChoice {
  readonly #bytesMax: number;
  #awayRecords = 0;
  #awayNext = AWAY_RECORDS_MIN;

  /** Nothing larger than `bytesMax` is waited for; 0: nothing at all. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  waitFor(bytes: number): boolean {
    return this.#awayRecords === 0 && bytes <= this.#bytesMax;
  }

  waited(ms: Millis): void {
    if (ms <= QUICK_MS_MAX) {
      this.#awayNext = AWAY_RECORDS_MIN;
      return;
    }
    this.#awayRecords = this.#awayNext;
    this.#awayNext = Math.min(AWAY_RECORDS_MAX, 2 * this.#awayNext);
  }

  wentAway(ms: Millis): void {
    if (ms > AWAY_MS_MAX) this.#awayRecords = Math.max(this.#awayRecords, AWAY_RECORDS_MIN);
    else if (this.#awayRecords > 0) this.#awayRecords--;
  }
}
