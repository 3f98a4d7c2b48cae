import { Histogram } from "../lib/histogram.ts";

/** How late the ticks of an event loop came since the report before. */
export type LoopLagReport = {
  /** What the report is about; 0: it is the first one, and watching has only begun. */
  readonly watchedMs: number;
  readonly ticks: number;
  readonly p99Ms: number;
  readonly maxMs: number;
};

export type LoopLagOptions = {
  readonly tickMs: number;
  /** Watching costs a wake-up a tick, so it ends when nobody has asked for so long. */
  readonly watchedForMs: number;
};

const OPTIONS: LoopLagOptions = { tickMs: 2, watchedForMs: 10_000 };

/**
 * Watches this process's event loop for pauses (a long turn, a collection of garbage, a sync, a machine
 * that lets others run) while somebody asks often enough (by default every ten seconds): lag beyond a timer's usual 1 ms.
 */
export class LoopLag {
  readonly #options: LoopLagOptions;
  readonly #lagUs = new Histogram();
  #watchedFrom = 0;
  #askedAt = 0;
  #dueAt = 0;
  #ticking = false;

  constructor(options = OPTIONS) {
    this.#options = options;
  }

  /** The report since the last call, and watches on. */
  take(): LoopLagReport {
    const now = performance.now();
    const { count: ticks } = this.#lagUs;
    // A pause that lasts until now has no tick yet; what follows is for the next report.
    if (this.#ticking && now > this.#dueAt) {
      this.#lagUs.record((now - this.#dueAt) * 1000);
      this.#dueAt = now;
    }
    const { p99, max } = this.#lagUs.summary();
    const watchedMs = this.#ticking ? now - this.#watchedFrom : 0;
    this.#lagUs.reset();
    this.#watchedFrom = this.#askedAt = now;
    if (!this.#ticking) this.#tick();
    return { watchedMs, ticks, p99Ms: p99 / 1000, maxMs: max / 1000 };
  }

  readonly #tick = (): void => {
    const now = performance.now();
    if (this.#ticking) this.#lagUs.record(Math.max(0, now - this.#dueAt) * 1000);
    const { tickMs, watchedForMs } = this.#options;
    this.#ticking = now < this.#askedAt + watchedForMs;
    if (!this.#ticking) return this.#lagUs.reset();
    this.#dueAt = now + tickMs;
    setTimeout(this.#tick, tickMs).unref();
  };
}
