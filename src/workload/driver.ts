import type { Completion } from "../client/ports.ts";
import { DONE_OK } from "../client/ports.ts";
import { broken } from "../lib/assert.ts";
import type { Prng } from "../lib/prng.ts";
import { Arrivals } from "./arrivals.ts";
import type { LoadMetrics } from "./metrics.ts";
import type { LoadSpec } from "./spec.ts";
import type { Workers } from "./workers.ts";

/** A key whose final read failed is read again so often. */
const FINAL_READS_PER_KEY = 3;

/**
 * Decides when which worker starts its next operation. Pure: the caller passes the time (in
 * milliseconds) and calls `poll` no later than `nextStartMs`.
 *
 * Closed loop: a worker goes on as soon as its operation has ended. Open loop: operations start at
 * times fixed beforehand, on any free worker. When none is free they wait, and their response time
 * counts from the intended start; one that has waited for a whole timeout, or until the end, is
 * dropped and counted.
 *
 * Phases: run → stop (what is outstanding may end) → optionally readAll (each key once).
 */
export class Driver {
  readonly #spec: LoadSpec;
  readonly #workers: Workers;
  readonly #metrics: LoadMetrics;
  readonly #prng: Prng;
  readonly #intendedMs: Float64Array;
  readonly #sentMs: Float64Array;
  /** Since when there has been a worker without an operation, as long as there is one. */
  #freeSinceMs = Number.NEGATIVE_INFINITY;
  /** Workers without an operation: a stack. */
  readonly #free: Int32Array;
  #freeCount: number;
  /** Operations still to begin. */
  #left: number;
  #arrivals: Arrivals | null = null;
  #phase: "idle" | "run" | "stop" | "readAll" = "idle";
  #nextKey = 0;
  #unread = 0;
  /** Final reads to repeat: key, and how often it was read. */
  readonly #again: { readonly key: number; readonly reads: number }[] = [];
  readonly #readsOf: Uint8Array;

  constructor(spec: LoadSpec, prng: Prng, workers: Workers, metrics: LoadMetrics) {
    this.#spec = spec;
    this.#workers = workers;
    this.#metrics = metrics;
    this.#prng = prng;
    this.#intendedMs = new Float64Array(spec.clients);
    this.#sentMs = new Float64Array(spec.clients);
    this.#readsOf = new Uint8Array(spec.clients);
    // Worker 0 on top of the stack: few outstanding operations then share few workers.
    this.#free = Int32Array.from({ length: spec.clients }, (_, i) => spec.clients - 1 - i);
    this.#freeCount = spec.clients;
    this.#left = spec.operations ?? Number.POSITIVE_INFINITY;
  }

  begin(now: number): void {
    if (this.#phase !== "idle") broken(`begin in phase ${this.#phase}`);
    this.#phase = "run";
    const { rate, arrivals, part } = this.#spec;
    if (rate !== null) {
      // The parts of a constant rate take turns, so that together they are one.
      const turnMs = part === undefined ? 0 : (1000 / rate) * (part.index / part.of);
      const startMs = arrivals === "constant" ? now + turnMs : now;
      this.#arrivals = new Arrivals(arrivals, rate, startMs, this.#prng);
      this.poll(now);
      return;
    }
    while (this.#freeCount > 0 && this.#left > 0) {
      this.#start(this.#free[--this.#freeCount]!, now, now);
    }
  }

  /** As many operations as the spec asks for have begun: it is time to stop. */
  get exhausted(): boolean {
    return this.#left === 0;
  }

  /** Open loop: when the next operation is due; Infinity when that waits for something else. */
  get nextStartMs(): number {
    if (this.#phase !== "run" || this.#arrivals === null) return Number.POSITIVE_INFINITY;
    const next = this.#arrivals.nextMs;
    return this.#freeCount > 0 ? next : Math.max(next, next + this.#spec.timeoutMs);
  }

  get idle(): boolean {
    return this.#freeCount === this.#spec.clients && this.#again.length === 0 && !this.#reading;
  }

  /** Keys that the final reads gave up. */
  get unread(): number {
    return this.#unread;
  }

  /** Open loop: starts what is due, drops what has waited too long. */
  poll(now: number): void {
    const arrivals = this.#arrivals;
    if (this.#phase !== "run" || arrivals === null) return;
    while (arrivals.nextMs <= now && this.#left > 0) {
      const intended = arrivals.nextMs;
      if (intended + this.#spec.timeoutMs <= now) {
        this.#metrics.dropped(intended);
      } else if (this.#freeCount > 0) {
        const worker = this.#free[--this.#freeCount]!;
        // Waiting for a worker is the servers' doing, and not counted as lateness. Not by when this
        // one was free: it may be the last that was, and others have been for long.
        this.#metrics.started(intended, now - Math.max(intended, this.#freeSinceMs));
        this.#start(worker, intended, now);
      } else {
        return;
      }
      arrivals.advance();
    }
  }

  /** The worker's operation has ended. Starts the next one where it is time for it. */
  onDone(worker: number, done: Completion, now: number): void {
    if (this.#workers.end(worker, done, now)) return;
    if (this.#freeCount === 0) this.#freeSinceMs = now;
    if (this.#phase === "readAll") {
      this.#endRead(worker, done.outcome);
      this.#free[this.#freeCount++] = worker;
      this.#startReads(now);
      return;
    }
    const action = this.#workers.action(worker);
    const intended = this.#intendedMs[worker]!;
    this.#metrics.done(action, done.outcome, intended, this.#sentMs[worker]!, now);
    if (this.#phase === "run" && this.#arrivals === null && this.#left > 0) {
      this.#start(worker, now, now);
      return;
    }
    this.#free[this.#freeCount++] = worker;
    this.poll(now);
  }

  /** No further operation starts; those that were due and found no free worker are dropped. */
  stop(now: number): void {
    this.#phase = "stop";
    const arrivals = this.#arrivals;
    if (arrivals === null || this.#left === 0) return;
    for (; arrivals.nextMs <= now; arrivals.advance()) this.#metrics.dropped(arrivals.nextMs);
  }

  /** Reads every key once, linearizably; done when `idle`. Only after `stop`, once idle. */
  readAll(now: number): void {
    if (this.#phase !== "stop" || !this.idle) broken(`final reads in phase ${this.#phase}`);
    this.#phase = "readAll";
    this.#startReads(now);
  }

  get #reading(): boolean {
    return this.#phase === "readAll" && this.#nextKey < this.#spec.keys;
  }

  #start(worker: number, intendedMs: number, now: number): void {
    this.#left--;
    this.#intendedMs[worker] = intendedMs;
    this.#sentMs[worker] = now;
    this.#workers.begin(worker, now);
  }

  #startReads(now: number): void {
    while (this.#freeCount > 0) {
      const again = this.#reading ? undefined : this.#again.shift();
      if (again === undefined && !this.#reading) return;
      const worker = this.#free[--this.#freeCount]!;
      this.#readsOf[worker] = again?.reads ?? 0;
      this.#workers.read(worker, again?.key ?? this.#nextKey++, now);
    }
  }

  #endRead(worker: number, outcome: number): void {
    if (outcome === DONE_OK) return;
    const reads = this.#readsOf[worker]! + 1;
    if (reads < FINAL_READS_PER_KEY) this.#again.push({ key: this.#workers.key(worker), reads });
    else this.#unread++;
  }
}
