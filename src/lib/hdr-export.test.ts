import { describe, expect, test } from "bun:test";
import { inflateSync, deflateSync } from "node:zlib";
import {
  build,
  decodeFromCompressedBase64,
  type Histogram as Decoded,
  HistogramLogReader,
  type JsHistogram,
} from "hdr-histogram-js";
import { encodeHdr, encodeHdrCompressed, hlogText } from "./hdr-export.ts";
import { Histogram } from "./histogram.ts";
import { Prng } from "./prng.ts";

const SEED = 20261121;
const QUANTILES = [0.001, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 0.9999, 1];
/** Half a bucket of ours, and one of theirs. */
const PRECISION = 0.008 + 0.001;

/** `count` latencies from 0.1 µs to 10^`decades` times that, spread evenly over the decades. */
function filled(seed: number, count = 20_000, decades = 9): Histogram {
  const prng = new Prng(seed);
  const h = new Histogram();
  for (let i = 0; i < count; i++) h.record(10 ** (prng.float() * decades - 1));
  return h;
}

/** As the tools see it. */
function decode(h: Histogram): Decoded {
  const bytes = encodeHdrCompressed(h, deflateSync);
  return decodeFromCompressedBase64(Buffer.from(bytes).toString("base64"), 64);
}

function expectSame(theirs: Decoded, ours: Histogram): void {
  expect(theirs.totalCount).toBe(ours.count);
  for (const q of QUANTILES) {
    const us = theirs.getValueAtPercentile(q * 100) / 1000;
    const error = Math.abs(us - ours.quantile(q));
    expect(error, `seed ${SEED} q ${q}: ${us} for ${ours.quantile(q)}`).toBeLessThanOrEqual(
      Math.max(ours.quantile(q) * PRECISION, 0.0625),
    );
  }
}

describe("HdrHistogram V2", () => {
  test("hdr-histogram-js decodes it: the same count, quantiles, mean and maximum", () => {
    for (let i = 0; i < 5; i++) {
      const ours = filled(SEED + i, 20_000, 2 + 1.5 * i);
      const theirs = decode(ours);
      expectSame(theirs, ours);
      expect(theirs.mean / 1000 / ours.mean).toBeCloseTo(1, 2);
      expect(Math.abs(theirs.maxValue / 1000 / ours.max - 1)).toBeLessThan(0.001);
    }
  });

  test("an empty one, a single value, values of 0 and beyond what we tell apart", () => {
    expect(decode(new Histogram()).totalCount).toBe(0);
    for (const us of [0, 0.01, 0.0625, 1, 2.048, 1000, 134_217_727.9, 5e8]) {
      const one = new Histogram();
      one.record(us);
      const theirs = decode(one);
      expect(theirs.totalCount).toBe(1);
      expect(Math.abs(theirs.maxValue - us * 1000)).toBeLessThanOrEqual(us + 0.5);
    }
  });

  test("counts beyond 2^32, as a long run has", () => {
    const big = 3 * 2 ** 32 + 5;
    const h = Histogram.fromJSON({ buckets: [300, big, 900, 7], sumUs: 1, maxUs: 1000 });
    expect(decode(h).totalCount).toBe(big + 7);
  });

  test("every place of a value is the one that hdr-histogram-js gives it", () => {
    const prng = new Prng(SEED);
    const edges = Array.from({ length: 36 }, (_, i) => 2 ** i).flatMap((p) => [p - 1, p, p + 1]);
    const values = [
      ...edges,
      ...Array.from({ length: 100 }, () => Math.floor(2 ** (prng.float() * 36))),
    ];
    const places = build({
      bitBucketSize: 64,
      highestTrackableValue: 2 ** 37,
      numberOfSignificantValueDigits: 3,
    }) as JsHistogram;
    for (const ns of values) {
      const one = new Histogram();
      one.record(ns / 1000); // A single value is the maximum, which is exported as it is.
      const found = decode(one) as JsHistogram;
      expect(found.getCountAtIndex(places.countsArrayIndex(ns)), `${ns} ns`).toBe(1);
    }
  });

  test("the bytes are laid out as the format says", () => {
    const one = new Histogram();
    one.record(0.003);
    const bytes = encodeHdr(one);
    const view = new DataView(bytes.buffer);
    expect(view.getUint32(0)).toBe(0x1c849313);
    expect(view.getUint32(4)).toBe(bytes.length - 40);
    expect([view.getUint32(8), view.getUint32(12)]).toEqual([0, 3]);
    expect([view.getBigUint64(16), view.getFloat64(32)]).toEqual([1n, 1]);
    expect([...bytes.subarray(40)]).toEqual([5, 2]); // Three zeros, then a count of one.
    const compressed = encodeHdrCompressed(one, deflateSync);
    expect(Buffer.from(compressed).toString("base64")).toStartWith("HISTF");
    expect([...inflateSync(compressed.subarray(8))]).toEqual([...bytes]);
  });
});

describe("hlog", () => {
  test("hdr-histogram-js reads it: a line an interval, with its tag and its time", () => {
    const [puts, gets] = [filled(SEED), filled(SEED + 1, 500, 4)];
    const text = hlogText(
      [
        {
          tag: "disk, 64 clients/put",
          startUs: 1_700_000_001_500_000,
          lengthMs: 2500,
          histogram: puts,
        },
        {
          tag: "disk, 64 clients/get",
          startUs: 1_700_000_000_000_000,
          lengthMs: 1000,
          histogram: gets,
        },
      ],
      deflateSync,
      "Ordeal",
    );
    expect(text).toStartWith("#[Logged with Ordeal]\n#[Histogram log format version 1.3]\n");
    expect(text).toEndWith("\n");
    const reader = new HistogramLogReader(text, 64);
    const first = reader.nextIntervalHistogram()!;
    expect(first.tag).toBe("disk-64-clients/put");
    expect(first.startTimeStampMsec).toBe(1_700_000_001_500);
    expect(first.endTimeStampMsec).toBe(1_700_000_004_000);
    expectSame(first as Decoded, puts);
    const second = reader.nextIntervalHistogram()!;
    expect(second.tag).toBe("disk-64-clients/get");
    expectSame(second as Decoded, gets);
    expect(reader.nextIntervalHistogram()).toBeNull();
  });

  test("without intervals it is a header", () => {
    const text = hlogText([], deflateSync, "Ordeal");
    expect(new HistogramLogReader(text).nextIntervalHistogram()).toBeNull();
  });
});
