import type { Histogram } from "./histogram.ts";

/**
 * Histograms for the tools of HdrHistogram: the V2 encoding and the interval log, as Java's
 * AbstractHistogram.encodeIntoCompressedByteBuffer and HistogramLogWriter write them
 * (github.com/HdrHistogram/HdrHistogram). Values are nanoseconds with three significant digits: finer
 * than our buckets, so that nothing but their width, 0.8 %, is lost.
 */

/** The low byte of a cookie says that counts are ZigZag LEB128 numbers. */
const V2_COOKIE = 0x1c849303 | 0x10;
const V2_COMPRESSED_COOKIE = 0x1c849304 | 0x10;
const HEADER_BYTES = 40;
const SIGNIFICANT_DIGITS = 3;
/** 2 × 10³ values are told apart one by one, rounded up to a power of two. */
const SUB_BITS = 11;
const HALF_COUNT = 1 << (SUB_BITS - 1);
const NS_PER_US = 1000;
/** In ms, by the convention of the logs: what is logged in ns is divided by it. */
const NS_PER_INTERVAL_MAX = 1_000_000;
/** A varint is of 9 bytes at most; counts are below 2^53, so 8 are enough. */
const TWO_POW_32 = 0x1_0000_0000;

/** zlib's deflate with its header, as of RFC 1950. */
export type Deflate = (bytes: Uint8Array) => Uint8Array;

/** The V2 encoding, not compressed. The counts of what was recorded, the maximum exactly. */
export function encodeHdr(histogram: Histogram): Uint8Array {
  const counts = hdrCounts(histogram);
  const payload = zigZagCounts(counts);
  const out = new Uint8Array(HEADER_BYTES + payload.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, V2_COOKIE);
  view.setUint32(4, payload.length);
  view.setUint32(8, 0); // Offset of a shifted histogram: ours are not.
  view.setUint32(12, SIGNIFICANT_DIGITS);
  setU64(view, 16, 1); // The lowest value that is told from 0.
  setU64(view, 24, highestOf(counts));
  view.setFloat64(32, 1); // From the values to those of a DoubleHistogram.
  out.set(payload, HEADER_BYTES);
  return out;
}

/** The V2 encoding, compressed: in base64 what a line of a log holds. */
export function encodeHdrCompressed(histogram: Histogram, deflate: Deflate): Uint8Array {
  const contents = deflate(encodeHdr(histogram));
  const out = new Uint8Array(8 + contents.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, V2_COMPRESSED_COOKIE);
  view.setUint32(4, contents.length);
  out.set(contents, 8);
  return out;
}

/** One line of a log: what was recorded from `startUs`, µs since the Unix epoch, on. */
export type HlogInterval = {
  /** Commas and white space become hyphens: neither may stand in a tag. */
  readonly tag: string;
  readonly startUs: number;
  readonly lengthMs: number;
  readonly histogram: Histogram;
};

/** The text of a `.hlog`, version 1.3. `writer`: who says so, for its first line. */
export function hlogText(
  intervals: readonly HlogInterval[],
  deflate: Deflate,
  writer: string,
): string {
  const startUs = intervals.reduce((least, { startUs: at }) => Math.min(least, at), Infinity);
  const startS = Number.isFinite(startUs) ? startUs / 1e6 : 0;
  const lines = intervals.map(({ tag, startUs: at, lengthMs, histogram }) =>
    [
      `Tag=${tag.trim().replaceAll(/[\s,]+/g, "-")}`,
      (at / 1e6 - startS).toFixed(3),
      (lengthMs / 1000).toFixed(3),
      ((histogram.max * NS_PER_US) / NS_PER_INTERVAL_MAX).toFixed(3),
      Buffer.from(encodeHdrCompressed(histogram, deflate)).toString("base64"),
    ].join(","),
  );
  return [
    `#[Logged with ${writer}]`,
    "#[Histogram log format version 1.3]",
    `#[StartTime: ${startS.toFixed(3)} (seconds since epoch)]`,
    `#[BaseTime: ${startS.toFixed(3)} (seconds since epoch)]`,
    `"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"`,
    ...lines,
    "",
  ].join("\n");
}

/** Counts by HdrHistogram's index, up to the last that is not 0. */
function hdrCounts(histogram: Histogram): number[] {
  const counts: number[] = [];
  const maxNs = Math.round(histogram.max * NS_PER_US);
  const add = (ns: number, count: number): void => {
    const index = indexOf(ns);
    while (counts.length <= index) counts.push(0);
    counts[index]! += count;
  };
  let left = histogram.count;
  histogram.eachBucket((us, count) => {
    left -= count;
    // The last of the last bucket is the maximum, which is known better than by its bucket.
    const rest = left === 0 ? count - 1 : count;
    if (rest > 0) add(Math.round(us * NS_PER_US), rest);
    if (left === 0) add(maxNs, 1);
  });
  return counts;
}

/** HdrHistogram's place of a value: 2048 of width 1, then 1024 of each width 2, 4, 8, … */
function indexOf(ns: number): number {
  const bits = ns < 1 ? 0 : Math.floor(Math.log2(ns)) + 1;
  // A logarithm is off by one bit at most, just below a power of two.
  const exact = bits > 0 && 2 ** (bits - 1) > ns ? bits - 1 : bits;
  const shift = Math.max(0, exact - SUB_BITS);
  return shift * HALF_COUNT + Math.floor(ns / 2 ** shift);
}

/** A value that a histogram of these counts can hold: at least 2, or readers refuse it. */
function highestOf(counts: readonly number[]): number {
  const last = Math.max(0, counts.length - 1);
  const shift = Math.max(0, Math.floor(last / HALF_COUNT) - 1);
  return Math.max(2, (last - shift * HALF_COUNT + 1) * 2 ** shift - 1);
}

/** Counts one by one, each run of zeros as its negative length. */
function zigZagCounts(counts: readonly number[]): Uint8Array {
  const out: number[] = [];
  for (let i = 0; i < counts.length;) {
    let zeros = 0;
    while (counts[i + zeros] === 0) zeros++;
    if (zeros > 0) pushLeb128(out, 2 * zeros - 1);
    else pushLeb128(out, 2 * counts[i]!);
    i += Math.max(1, zeros);
  }
  return Uint8Array.from(out);
}

/** Seven bits a byte, the lowest first; the high bit says that more follow. */
function pushLeb128(out: number[], value: number): void {
  let rest = value;
  while (rest >= 0x80) {
    out.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  out.push(rest);
}

function setU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, Math.floor(value / TWO_POW_32));
  view.setUint32(at + 4, value % TWO_POW_32);
}
