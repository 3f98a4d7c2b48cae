import { expect, test } from "bun:test";
import { bytes, clock, count, duration, durationMs, moment, plural, rate } from "./format.ts";

test("format: durations take the unit that keeps three digits", () => {
  const shown = [0, 8.25, 850, 999.4, 999.6, 1234, 12_345, 123_456, 999_600, 2_500_000, 7.2e8];
  expect(shown.map(duration)).toEqual([
    "0 µs",
    "8.25 µs",
    "850 µs",
    "999 µs",
    "1.00 ms",
    "1.23 ms",
    "12.3 ms",
    "123 ms",
    "1.00 s",
    "2.50 s",
    "12.0 min",
  ]);
  expect(durationMs(231)).toBe("231 ms");
});

test("format: what is not a figure is a dash, never NaN", () => {
  for (const nothing of [null, undefined, Number.NaN, Number.POSITIVE_INFINITY])
    expect([
      duration(nothing),
      durationMs(nothing),
      count(nothing),
      rate(nothing),
      bytes(nothing),
    ]).toEqual(["–", "–", "–", "–", "–"]);
});

test("format: counts, rates, sizes and times as people read them", () => {
  expect(count(431_907)).toBe("431,907");
  expect([rate(24_310.4), rate(8.2), rate(0)]).toEqual(["24,310/s", "8.20/s", "0/s"]);
  expect([bytes(8_250_000_000), bytes(5 * 2 ** 20)]).toEqual(["7.7 GiB", "5 MiB"]);
  expect(clock(12_345_678)).toBe("12.346 s");
  expect([plural(1, "fault"), plural(3, "fault")]).toEqual(["1 fault", "3 faults"]);
  expect(moment("2025-11-21T02:44:10.123Z")).toBe("2025-11-21 02:44:10 UTC");
  expect(moment("yesterday")).toBe("yesterday");
});
