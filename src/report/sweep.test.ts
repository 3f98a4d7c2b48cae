import { expect, test } from "bun:test";
import { renderHtml } from "./html.ts";
import { renderMarkdown } from "./markdown.ts";
import { axis, sweepSection } from "./page/sweep.ts";
import type { Sweep, SweepStep } from "./schema.ts";
import { sweepText } from "./sweep.ts";
import { demoReport } from "./testing/fixtures.ts";
import { parseReport } from "./validate.ts";

const step = (rate: number, p99Us: number, limit: SweepStep["limit"] = null): SweepStep => ({
  ...{ rate, throughput: rate, p50Us: p99Us / 5, p99Us },
  ...{ ok: limit === null, limit, why: limit === null ? null : "p99 <b>12 ms</b> is above 10 ms" },
});
const SWEEP: Sweep = {
  name: "put & get",
  sloP99Us: 10_000,
  steps: [step(4_000, 900), step(8_000, 2_500), step(11_000, 12_000, "slo")],
  ...{ bestRate: 8_000, failedRate: 11_000, limit: "slo" },
};
const REPORT = { ...demoReport(), kind: "bench", sweeps: [SWEEP] } as const;

test("sweep: the sentence says the rate, what stopped it, and when more may be possible", () => {
  expect(sweepText(SWEEP)).toBe(
    "8,000/s is the highest rate tried with p99 ≤ 10.0 ms; 11,000/s failed: p99 <b>12 ms</b> is above 10 ms",
  );
  expect(sweepText({ ...SWEEP, limit: "generator" })).toStartWith("at least 8,000/s with");
  const open = { ...SWEEP, failedRate: null, limit: null, steps: SWEEP.steps.slice(0, 2) };
  expect(sweepText(open)).toBe("at least 8,000/s with p99 ≤ 10.0 ms: no higher one was tried");
  expect(sweepText({ ...SWEEP, bestRate: null })).toStartWith("no rate was found");
});

test("sweep: chart and table have every step, and no text becomes markup", () => {
  const page = sweepSection(REPORT)!.toString();
  expect(page.match(/<circle/g)?.length).toBe(2);
  expect(page.match(/class="failed"/g)?.length).toBe(1);
  expect(page.match(/<th scope="row">/g)?.length).toBe(3);
  expect(page).toContain('role="img" aria-label="p99 by throughput: 8,000/s is the highest');
  expect(page).not.toContain("<b>12 ms</b>");
  expect(sweepSection({ ...REPORT, sweeps: [] })).toBeNull();
  expect(renderHtml(REPORT)).toContain("Saturation");
  expect(renderMarkdown(REPORT)).toContain("| 11,000/s | 11,000/s | 2.40 ms | 12.0 ms |");
});

test("sweep: a report with one is read back as it was written; a damaged one is refused", () => {
  expect(parseReport(JSON.stringify(REPORT), "r").sweeps).toEqual([SWEEP]);
  const damaged = JSON.stringify(REPORT).replace('"limit":"slo"', '"limit":"luck"');
  expect(() => parseReport(damaged, "r")).toThrow(/limit/);
});

test("sweep: the axes are logarithmic, with every value within them and round ticks", () => {
  const x = axis([900, 12_000], 0, 100);
  expect(x.ticks).toEqual([1_000, 2_000, 5_000, 10_000]);
  expect([900, ...x.ticks, 12_000].map(x.at)).toEqual(
    [900, ...x.ticks, 12_000].map(x.at).toSorted((a, b) => a - b),
  );
  expect(x.at(900)).toBeGreaterThan(0);
  expect(x.at(12_000)).toBeLessThan(100);
  expect(axis([1, 1e6], 0, 100).ticks).toEqual([1, 10, 100, 1e3, 1e4, 1e5, 1e6]);
  expect(axis([0, 0], 5, 100)).toMatchObject({ ticks: [] });
  expect(axis([0, 10, 20], 5, 100).at(0)).toBe(5);
});
