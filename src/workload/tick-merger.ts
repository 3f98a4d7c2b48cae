import type { HistogramJson } from "../lib/histogram.ts";
import { merged, sumCounts } from "./merge.ts";
import type { Counts, LoadEvent } from "./spec.ts";

/** How often a generator tells what happened. */
export const TICK_MS = 100;

export type LoadTick = Extract<LoadEvent, { readonly kind: "tick" }>;

/** What the parts have told of one interval. */
type Row = { readonly counts: Counts[]; readonly histograms: HistogramJson[] };

/**
 * Makes one row of ticks of those of several generators, by the time at which they end: an interval
 * is told once every generator has told of it or of a later one. Nothing is lost: a tick that is
 * late, or longer than the interval, counts to the first one that is still untold.
 */
export class TickMerger {
  readonly #startUs: number;
  readonly #intervalUs: number;
  readonly #tell: (tick: LoadTick) => void;
  /** The interval that each part has told of last. */
  readonly #seen: number[];
  readonly #rows = new Map<number, Row>();
  #told = 0;

  /** Interval n, from 1, ends at `startUs` + n × `intervalMs`. */
  constructor(parts: number, startUs: number, intervalMs: number, tell: (tick: LoadTick) => void) {
    this.#seen = new Array<number>(parts).fill(0);
    this.#startUs = startUs;
    this.#intervalUs = intervalMs * 1000;
    this.#tell = tell;
  }

  add(part: number, { atUs, counts, histogram }: LoadTick): void {
    const interval = Math.round((atUs - this.#startUs) / this.#intervalUs);
    const at = Math.max(interval, this.#seen[part]!, this.#told + 1);
    const row = this.#rows.get(at) ?? { counts: [], histograms: [] };
    row.counts.push(counts);
    if (histogram !== undefined) row.histograms.push(histogram);
    this.#rows.set(at, row);
    this.#seen[part] = at;
    this.#tellUpTo(Math.min(...this.#seen));
  }

  /** The part will tell no more. */
  end(part: number): void {
    this.#seen[part] = Number.POSITIVE_INFINITY;
    this.#tellUpTo(Math.min(...this.#seen));
  }

  #tellUpTo(last: number): void {
    const due = [...this.#rows.keys()].filter((at) => at <= last).sort((a, b) => a - b);
    for (const at of due) {
      const { counts, histograms } = this.#rows.get(at)!;
      this.#rows.delete(at);
      this.#tell({
        kind: "tick",
        atUs: this.#startUs + at * this.#intervalUs,
        intervalMs: ((at - this.#told) * this.#intervalUs) / 1000,
        counts: sumCounts(counts),
        response: merged(histograms).summary(),
      });
      this.#told = at;
    }
  }
}
