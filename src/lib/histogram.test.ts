import { describe, expect, test } from "bun:test";
import { Histogram, HISTOGRAM_US_MAX } from "./histogram.ts";
import { Prng } from "./prng.ts";

const SEED = 20260731;

/** 20,000 latencies from 0.1 µs to 100 s, spread evenly over the decades. */
function samples(seed: number): number[] {
  const prng = new Prng(seed);
  return Array.from({ length: 20_000 }, () => 10 ** (prng.float() * 9 - 1));
}

const filled = (values: readonly number[]): Histogram => {
  const h = new Histogram();
  for (const v of values) h.record(v);
  return h;
};

describe("histogram", () => {
  test("quantiles are within 0.8 % of the sorted samples, or within a unit below 8 µs", () => {
    const values = samples(SEED);
    const h = filled(values);
    const sorted = [...values].sort((a, b) => a - b);
    for (const q of [0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 0.9999]) {
      const exact = sorted[Math.ceil(q * sorted.length) - 1]!;
      const error = Math.abs(h.quantile(q) - exact);
      expect(error, `seed ${SEED} q ${q}: ${h.quantile(q)} for ${exact}`).toBeLessThanOrEqual(
        Math.max(0.008 * exact, 0.0625),
      );
    }
  });

  test("count, mean and maximum are exact", () => {
    const h = filled([1, 2, 3, 1000.25]);
    expect(h.count).toBe(4);
    expect(h.mean).toBe(1006.25 / 4);
    expect(h.max).toBe(1000.25);
    expect(h.quantile(1)).toBe(h.max);
  });

  test("an empty one reports zeros and no curve", () => {
    const h = new Histogram();
    expect(h.summary()).toEqual({ count: 0, mean: 0, p50: 0, p90: 0, p99: 0, p999: 0, max: 0 });
    expect(h.curve()).toEqual([]);
  });

  test("negative values count as 0, and huge ones fall into the last bucket", () => {
    const h = filled([-5, HISTOGRAM_US_MAX * 1000, HISTOGRAM_US_MAX * 1000]);
    expect(h.quantile(0)).toBeLessThan(0.1);
    expect(h.quantile(0.5) / HISTOGRAM_US_MAX).toBeCloseTo(1, 1);
    expect(h.max).toBe(HISTOGRAM_US_MAX * 1000);
  });

  test("merged parts equal the whole", () => {
    const values = samples(SEED + 1);
    const merged = filled(values.slice(0, 5000));
    merged.merge(filled(values.slice(5000)));
    const whole = filled(values);
    expect(merged.toJSON().buckets).toEqual(whole.toJSON().buckets);
    expect(merged.summary().p99).toBe(whole.summary().p99);
    expect(merged.max).toBe(whole.max);
  });

  test("JSON carries it between processes; broken JSON is refused", () => {
    const h = filled(samples(SEED + 2));
    const copy = Histogram.fromJSON(JSON.parse(JSON.stringify(h)));
    expect(copy.summary()).toEqual(h.summary());
    expect(copy.curve()).toEqual(h.curve());
    expect(() => Histogram.fromJSON({ buckets: [-1, 2], sumUs: 0, maxUs: 0 })).toThrow("bucket");
    expect(() => Histogram.fromJSON({ buckets: [7], sumUs: 0, maxUs: 0 })).toThrow("pairs");
  });

  test("the curve ascends in both columns, reaches as far as the samples, and ends at the maximum", () => {
    const h = filled(samples(SEED + 3));
    const curve = h.curve();
    for (let i = 1; i < curve.length; i++) {
      expect(curve[i]![0]).toBeGreaterThan(curve[i - 1]![0]);
      expect(curve[i]![1]).toBeGreaterThanOrEqual(curve[i - 1]![1]);
    }
    expect(curve.at(-2)![0]).toBeGreaterThan(0.9998);
    expect(curve.at(-1)).toEqual([1, h.max]);
  });

  test("reset empties it", () => {
    const h = filled([10, 20]);
    h.reset();
    expect(h.count).toBe(0);
    expect(h.summary().max).toBe(0);
    expect(h.toJSON().buckets).toEqual([]);
  });
});
