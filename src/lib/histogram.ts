import { broken } from "./assert.ts";

/** Sub-buckets of each power of two: a bucket is at most 1/128 of its value wide. */
const SUB_BITS = 7;
const SUB_COUNT = 1 << SUB_BITS;
/** Values are kept in sixteenths of a microsecond: below 8 µs the buckets are 62.5 ns wide. */
const UNITS_PER_US = 16;
const UNITS_MAX = 0x7fff_ffff;
const BUCKETS = (31 - SUB_BITS) * SUB_COUNT + SUB_COUNT;
/** Largest value that is told apart from larger ones, in microseconds: 134 s. */
export const HISTOGRAM_US_MAX = UNITS_MAX / UNITS_PER_US;

/** Quantiles that a curve has below its tail. */
const BODY_QUANTILES = [0, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85];
const TAIL_STEPS_PER_DECADE = 8;

/** A histogram in a document: its non-empty buckets as flat pairs of (bucket, count). */
export type HistogramJson = {
  readonly buckets: readonly number[];
  readonly sumUs: number;
  readonly maxUs: number;
};

/** Latencies in microseconds. */
export type LatencySummary = {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
};

/**
 * A log-linear histogram of latencies in microseconds, from 0 to HISTOGRAM_US_MAX (larger ones count
 * as that). Mean and maximum are exact, quantiles within 0.8 %. Fixed size (25 KiB), merges without
 * loss: the layout never depends on the data.
 */
export class Histogram {
  readonly #buckets = new Float64Array(BUCKETS);
  #count = 0;
  #sumUs = 0;
  #maxUs = 0;

  /** Counts one latency; negative ones count as 0. */
  record(us: number): void {
    const units = us * UNITS_PER_US;
    const u = units >= UNITS_MAX ? UNITS_MAX : units > 0 ? units | 0 : 0;
    const shift = u < SUB_COUNT ? 0 : 31 - SUB_BITS - Math.clz32(u);
    const bucket = (shift << SUB_BITS) + (u >>> shift);
    this.#buckets[bucket] = this.#buckets[bucket]! + 1;
    this.#count++;
    if (us > 0) {
      this.#sumUs += us;
      if (us > this.#maxUs) this.#maxUs = us;
    }
  }

  get count(): number {
    return this.#count;
  }

  /** Microseconds; 0 when empty, as all that follow. */
  get mean(): number {
    return this.#count === 0 ? 0 : this.#sumUs / this.#count;
  }

  get max(): number {
    return this.#maxUs;
  }

  /** The value at or below which the share `q` (0 … 1) of all values lies. */
  quantile(q: number): number {
    return this.#quantiles([q])[0]!;
  }

  merge(other: Histogram): void {
    for (let i = 0; i < BUCKETS; i++) this.#buckets[i]! += other.#buckets[i]!;
    this.#count += other.#count;
    this.#sumUs += other.#sumUs;
    this.#maxUs = Math.max(this.#maxUs, other.#maxUs);
  }

  reset(): void {
    this.#buckets.fill(0);
    this.#count = this.#sumUs = this.#maxUs = 0;
  }

  summary(): LatencySummary {
    const [p50, p90, p99, p999] = this.#quantiles([0.5, 0.9, 0.99, 0.999]);
    const { count, mean, max } = this;
    return { count, mean, p50: p50!, p90: p90!, p99: p99!, p999: p999!, max };
  }

  /**
   * Pairs of (quantile, microseconds), ascending, for a percentile plot: eighths of a decade of
   * 1 − q as far as the samples reach, then the maximum at 1. Empty when there are none.
   */
  curve(): (readonly [number, number])[] {
    if (this.#count === 0) return [];
    const quantiles = [...BODY_QUANTILES];
    for (let step = TAIL_STEPS_PER_DECADE; ; step++) {
      const beyond = 10 ** (-step / TAIL_STEPS_PER_DECADE);
      if (beyond * this.#count < 1) break;
      quantiles.push(1 - beyond);
    }
    quantiles.push(1);
    const values = this.#quantiles(quantiles);
    return quantiles.map((q, i) => [q, values[i]!] as const);
  }

  /** Calls `visit` with the middle of each bucket that is not empty, ascending, and its count. */
  eachBucket(visit: (us: number, count: number) => void): void {
    for (let i = 0; i < BUCKETS; i++) {
      const count = this.#buckets[i]!;
      if (count !== 0) visit(Math.min(middleUs(i), this.#maxUs), count);
    }
  }

  toJSON(): HistogramJson {
    const buckets: number[] = [];
    for (let i = 0; i < BUCKETS; i++) {
      if (this.#buckets[i] !== 0) buckets.push(i, this.#buckets[i]!);
    }
    return { buckets, sumUs: this.#sumUs, maxUs: this.#maxUs };
  }

  static fromJSON({ buckets, sumUs, maxUs }: HistogramJson): Histogram {
    const h = new Histogram();
    if (buckets.length % 2 !== 0) broken(`${buckets.length} numbers are not pairs`);
    for (let i = 0; i < buckets.length; i += 2) {
      const [bucket, count] = [buckets[i]!, buckets[i + 1]!];
      if (!(Number.isInteger(bucket) && bucket >= 0 && bucket < BUCKETS))
        broken(`bucket ${bucket}`);
      if (!(Number.isSafeInteger(count) && count > 0)) broken(`count ${count}`);
      h.#buckets[bucket]! += count;
      h.#count += count;
    }
    h.#sumUs = sumUs;
    h.#maxUs = maxUs;
    return h;
  }

  /** The values at ascending quantiles, in one pass. */
  #quantiles(ascending: readonly number[]): number[] {
    const out: number[] = [];
    let bucket = -1;
    let seen = 0;
    for (const q of ascending) {
      const rank = Math.max(1, Math.ceil(q * this.#count));
      while (seen < rank && bucket < BUCKETS - 1) seen += this.#buckets[++bucket]!;
      // The last rank is the maximum itself, and no quantile may exceed it (none: all are 0).
      out.push(rank >= this.#count ? this.#maxUs : Math.min(middleUs(bucket), this.#maxUs));
    }
    return out;
  }
}

/** The middle of a bucket, which is at most half its width off any value in it. */
function middleUs(bucket: number): number {
  const shift = bucket < 2 * SUB_COUNT ? 0 : (bucket >>> SUB_BITS) - 1;
  const low = (bucket - (shift << SUB_BITS)) * 2 ** shift;
  return (low + 2 ** shift / 2) / UNITS_PER_US;
}
