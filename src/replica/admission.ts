import type { Millis } from "../raft/api.ts";

/** What bounds the queue of a replica: requests that are taken and not yet answered. */
export type AdmissionLimits = {
  /** How long a request may have to wait for its answer, as far as can be told; 0: any time. Milliseconds. */
  readonly queueMs: Millis;
  /** Requests that may wait, however fast they are served. */
  readonly queueMax: number;
};

export const ADMISSION_LIMITS: AdmissionLimits = { queueMs: 500, queueMax: 131_072 };

/**
 * So few requests may always wait. A few clients on a slow disk wait for long as well, and nobody would
 * be served sooner if they were refused: that is latency, not overload.
 */
const ALWAYS_ADMITTED = 256;
/** A queue whose oldest request is younger than this share of queueMs is no reason to refuse anything. */
const LATE_SHARE = 0.5;
/** The best of so many windows says what is served: a pause, or one sync that hangs, is forgiven. */
const WINDOWS = 4;

/**
 * Decides how many requests may wait at one replica, so that none waits for much longer than queueMs.
 *
 * What is in the log cannot be dropped again, as CoDel drops from the head of its queue: it has to be
 * refused at the entrance, by how long it would wait. That is Little's law: more requests than were served
 * during the last queueMs would wait for longer than that. But a rate that was measured while there was
 * little to do says nothing, hence the second condition: the oldest request has waited for long already.
 * Whoever is served faster may therefore queue as many as queueMax, as bursts do.
 *
 * Pure: the caller says what time it is. One comparison a request, one `update` a turn.
 */
export class Admission {
  readonly #limits: AdmissionLimits;
  /** What the last complete windows served, each scaled to queueMs. */
  readonly #windows = new Float64Array(WINDOWS);
  #next = 0;
  #windowFrom: Millis = 0;
  #servedBefore = 0;
  #updatedAt: Millis = 0;
  #servedAt = 0;
  #limit: number;

  constructor(limits: AdmissionLimits = ADMISSION_LIMITS) {
    this.#limits = limits;
    this.#limit = limits.queueMax;
  }

  /** With so many requests waiting, another one is refused. */
  get limit(): number {
    return this.#limit;
  }

  /** It is for the time that the limit is where it is, not for queueMax. */
  get isLate(): boolean {
    return this.#limit < this.#limits.queueMax;
  }

  /**
   * Called once a turn. `served`: requests answered since the start; `waiting`: those that are not; the
   * oldest of them arrived at `oldestAt`.
   */
  update(now: Millis, served: number, waiting: number, oldestAt: Millis): void {
    const { queueMs, queueMax } = this.#limits;
    // Time without anything to do would make the service look slow.
    if (waiting === 0) this.#beginWindow(now, served);
    else this.#measure(now, served);
    this.#updatedAt = now;
    this.#servedAt = served;
    if (waiting === 0 || now - oldestAt < queueMs * LATE_SHARE || queueMs === 0) {
      this.#limit = queueMax;
      return;
    }
    let most = served - this.#servedBefore;
    for (const count of this.#windows) most = Math.max(most, count);
    this.#limit = Math.min(queueMax, Math.max(ALWAYS_ADMITTED, Math.floor(most)));
  }

  /** A window ends when it is at least queueMs long: a long turn makes one window. */
  #measure(now: Millis, served: number): void {
    const { queueMs } = this.#limits;
    // No turn for so long, and nothing came of it: the process was stopped. That says nothing of the service.
    const gap = now - this.#updatedAt;
    if (gap >= queueMs && served === this.#servedAt) this.#windowFrom += gap;
    const elapsed = now - this.#windowFrom;
    if (elapsed < queueMs) return;
    this.#windows[this.#next] = ((served - this.#servedBefore) * queueMs) / elapsed;
    this.#next = (this.#next + 1) % WINDOWS;
    this.#beginWindow(now, served);
  }

  #beginWindow(now: Millis, served: number): void {
    this.#windowFrom = now;
    this.#servedBefore = served;
  }
}

/** Requests refused as overloaded since the start, by what there was too much of. */
export type RefusalCounts = {
  /** They would have waited for longer than queueMs. */
  queueTime: number;
  /** As many as may wait at all. */
  queueLength: number;
  /** Bytes that are proposed and not committed. */
  uncommittedBytes: number;
  /** Requests of one connection. */
  connection: number;
};

export const noRefusals = (): RefusalCounts => ({
  ...{ queueTime: 0, queueLength: 0, uncommittedBytes: 0, connection: 0 },
});
