import type { Counts } from "../../workload/spec.ts";
import type { Sample } from "./document.ts";
import type { LoadTick } from "./host.ts";

export const SAMPLE_MS = 500;
/** Two minutes. */
export const SAMPLES_MAX = 240;

type Interval = {
  counts: Counts;
  ms: number;
  p50: number[];
  p99: number;
};

const NOTHING: Counts = { ok: 0, fail: 0, info: 0 };

/** Throughput and latency of the last two minutes, a sample every half second. `now`: ms since the Unix epoch. */
export class Series {
  #samples: Sample[] = [];
  #interval: Interval = fresh();
  #sampledAt = 0;
  #committed = 0;

  get samples(): readonly Sample[] {
    return this.#samples;
  }

  /** What the load says of 100 ms. */
  tick({ counts, intervalMs, response }: LoadTick): void {
    const { ok, fail, info } = this.#interval.counts;
    this.#interval.counts = {
      ...{ ok: ok + counts.ok, fail: fail + counts.fail, info: info + counts.info },
    };
    this.#interval.ms += intervalMs;
    if (response.count === 0) return;
    this.#interval.p50.push(response.p50);
    this.#interval.p99 = Math.max(this.#interval.p99, response.p99);
  }

  /** The commits so far; returns a sample when one is due. `isLoaded`: a load runs. */
  look(now: number, committed: number, isLoaded: boolean): Sample | null {
    const ms = now - this.#sampledAt;
    if (ms < SAMPLE_MS) return null;
    const isFirst = this.#sampledAt === 0 || ms > 10 * SAMPLE_MS || committed < this.#committed;
    const commits = isFirst ? 0 : ((committed - this.#committed) * 1000) / ms;
    this.#sampledAt = now;
    this.#committed = committed;
    const { counts, ms: loadMs, p50, p99 } = this.#interval;
    this.#interval = fresh();
    if (isFirst) return null;
    const hasLoad = isLoaded || loadMs > 0;
    const over = loadMs > 0 ? loadMs : ms;
    const sample: Sample = {
      ...{ atMs: now, commits },
      ok: hasLoad ? (counts.ok * 1000) / over : null,
      failed: hasLoad ? ((counts.fail + counts.info) * 1000) / over : null,
      p50Us: p50.length === 0 ? null : middle(p50),
      p99Us: p50.length === 0 ? null : p99,
    };
    this.#samples = [...this.#samples, sample].slice(-SAMPLES_MAX);
    return sample;
  }

  clear(): void {
    this.#samples = [];
    this.#interval = fresh();
    this.#sampledAt = 0;
  }
}

const fresh = (): Interval => ({ counts: NOTHING, ms: 0, p50: [], p99: 0 });

const middle = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
