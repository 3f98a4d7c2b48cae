import { DONE_FAIL, DONE_INFO } from "../client/ports.ts";
import { Histogram, type HistogramJson } from "../lib/histogram.ts";
import { ACTIONS, shareOf } from "./mix.ts";
import type { Counts, LatencySummary, LoadResult, LoadSpec } from "./spec.ts";
import type { LoadTick } from "./tick-merger.ts";

const OK = 0;
const FAIL = 1;
const INFO = 2;
const CLASSES = 3;

/** A closed loop that keeps a core this busy measures itself, not the servers. */
const CPU_MAX = 0.95;
/** A generator that promises exact starts (`spin`) holds this (µs, p99), whatever the rate. */
const SPIN_LATENESS_P99_US_MAX = 1_000;
/** One that waits by timers is late by up to 1.1 ms: that matters as a tenth of the response time. */
const EVENT_LATENESS_P99_US_MAX = 2_000;
const DROPPED_SHARE_MAX = 0.01;
const NOTHING = "no operation succeeded while it was measured: there are no latencies";

/** What the shell measured around the run. */
export type RunFacts = {
  readonly startedAtUs: number;
  readonly measuredMs: number;
  /** Processor time over wall time, 1: one core. */
  readonly cpu: number;
  /** Operations that the client did not send (LoadResult.shed); default: none. */
  readonly shed?: number;
  /** Null without final reads. */
  readonly unread: number | null;
};

/**
 * What one generator counted. A refused versioned put counts as ok: the system answered. Latencies
 * are those of ok operations. Times are milliseconds of the caller's clock.
 */
export class LoadMetrics {
  readonly #openLoop: boolean;
  readonly #spins: boolean;
  readonly #mix: LoadSpec["mix"];
  readonly #service = ACTIONS.map(() => new Histogram());
  /**
   * The same since the last tick. A histogram is cheaper to merge ten times a second than to record
   * into twice an operation: once for the tick, once for the whole.
   */
  readonly #recentService = ACTIONS.map(() => new Histogram());
  /** Open loop only: in a closed loop an operation starts when it is meant to. */
  readonly #response = new Histogram();
  readonly #recentResponse = new Histogram();
  readonly #recentCounts = new Float64Array(ACTIONS.length * CLASSES);
  readonly #lateness = new Histogram();
  readonly #counts = new Float64Array(ACTIONS.length * CLASSES);
  readonly #tickResponse = new Histogram();
  readonly #tickCounts = new Float64Array(CLASSES);
  #measureFrom = 0;
  #measureTo = Number.POSITIVE_INFINITY;
  #okInWindow = 0;
  #dropped = 0;

  constructor({ rate, mix, pacing }: Pick<LoadSpec, "rate" | "mix" | "pacing">) {
    this.#openLoop = rate !== null;
    this.#spins = pacing !== "event";
    this.#mix = mix;
  }

  /** The figures are of operations meant to start at `from` or later, rates up to `setEnd`. */
  setStart(from: number): void {
    this.#measureFrom = from;
  }

  setEnd(to: number): void {
    this.#measureTo = to;
  }

  started(intendedMs: number, lateMs: number): void {
    if (intendedMs >= this.#measureFrom) this.#lateness.record(lateMs * 1000);
  }

  dropped(intendedMs: number): void {
    if (intendedMs >= this.#measureFrom) this.#dropped++;
  }

  /** An operation of `action` that was meant to start at intendedMs and was sent at sentMs. */
  done(action: number, outcome: number, intendedMs: number, sentMs: number, now: number): void {
    const kind = outcome === DONE_INFO ? INFO : outcome === DONE_FAIL ? FAIL : OK;
    const measured = intendedMs >= this.#measureFrom;
    if (measured) this.#recentCounts[action * CLASSES + kind]!++;
    else this.#tickCounts[kind]!++;
    if (kind !== OK) return;
    const responseUs = (now - intendedMs) * 1000;
    if (!measured) {
      this.#tickResponse.record(responseUs);
      return;
    }
    if (now <= this.#measureTo) this.#okInWindow++;
    this.#recentService[action]!.record((now - sentMs) * 1000);
    if (this.#openLoop) this.#recentResponse.record(responseUs);
  }

  /** Adds what is since the last tick to the tick, and to the whole. */
  #fold(): void {
    for (const [i, count] of this.#recentCounts.entries()) {
      this.#counts[i]! += count;
      this.#tickCounts[i % CLASSES]! += count;
    }
    this.#recentCounts.fill(0);
    for (const [action, recent] of this.#recentService.entries()) {
      if (recent.count === 0) continue;
      this.#service[action]!.merge(recent);
      if (!this.#openLoop) this.#tickResponse.merge(recent);
      recent.reset();
    }
    if (this.#recentResponse.count === 0) return;
    this.#response.merge(this.#recentResponse);
    this.#tickResponse.merge(this.#recentResponse);
    this.#recentResponse.reset();
  }

  /** What happened since the last call; `withHistogram`: so that it can be merged with others. */
  takeTick(withHistogram = false): Pick<LoadTick, "counts" | "response" | "histogram"> {
    this.#fold();
    const tick = {
      counts: counts(this.#tickCounts, 0),
      response: this.#tickResponse.summary(),
      ...(withHistogram ? { histogram: this.#tickResponse.toJSON() } : {}),
    };
    this.#tickCounts.fill(0);
    this.#tickResponse.reset();
    return tick;
  }

  result({ startedAtUs, measuredMs, cpu, unread, shed = 0 }: RunFacts): LoadResult {
    this.#fold();
    const all = new Float64Array(CLASSES);
    const service = new Histogram();
    const byOp: Record<string, LoadResult["byOp"][string]> = {};
    const histograms: Record<string, HistogramJson> = {};
    for (const [action, name] of ACTIONS.entries()) {
      const own = counts(this.#counts, action * CLASSES);
      // What was asked for and did not come about is told as such: a row of zeros.
      if (shareOf(this.#mix, name) === 0 && own.ok + own.fail + own.info === 0) continue;
      all[OK]! += own.ok;
      all[FAIL]! += own.fail;
      all[INFO]! += own.info;
      service.merge(this.#service[action]!);
      byOp[name] = { counts: own, service: this.#service[action]!.summary() };
      histograms[name] = this.#service[action]!.toJSON();
    }
    const response = this.#openLoop ? this.#response : service;
    return {
      startedAtUs,
      measuredMs,
      counts: counts(all, 0),
      throughput: measuredMs > 0 ? (this.#okInWindow * 1000) / measuredMs : 0,
      response: response.summary(),
      service: service.summary(),
      byOp,
      curve: response.curve(),
      lateness: this.#lateness.summary(),
      dropped: this.#dropped,
      cpu,
      ...(unread === null ? {} : { unread }),
      ...(shed === 0 ? {} : { shed }),
      histograms: {
        ...(this.#openLoop ? { response: response.toJSON() } : {}),
        lateness: this.#lateness.toJSON(),
        service: histograms,
      },
      void: all[OK] === 0 ? NOTHING : this.#voidReason(response.summary(), cpu),
    };
  }

  #voidReason(response: LatencySummary, cpu: number): string | null {
    if (!this.#openLoop) {
      if (cpu < CPU_MAX) return null;
      return `the generator used ${percent(cpu)} of a core: the figures are its own limit`;
    }
    const late = this.#lateness.summary();
    const tooLate = this.#spins
      ? late.p99 >= SPIN_LATENESS_P99_US_MAX
      : late.p99 > EVENT_LATENESS_P99_US_MAX && late.p99 > response.p99 / 10;
    if (tooLate) {
      return `operations started late (p99 ${(late.p99 / 1000).toFixed(1)} ms): the generator could not keep its schedule`;
    }
    const share = this.#dropped / Math.max(1, this.#dropped + late.count);
    if (share <= DROPPED_SHARE_MAX) return null;
    return `${percent(share)} of the operations found no free client in time: lower the rate or add clients`;
  }
}

const counts = (from: Float64Array, at: number): Counts => ({
  ok: from[at + OK]!,
  fail: from[at + FAIL]!,
  info: from[at + INFO]!,
});

const percent = (share: number): string => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
