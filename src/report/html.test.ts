import { expect, test } from "bun:test";
import { renderHtml } from "./html.ts";
import type { Report } from "./schema.ts";
import { benchReport, demoReport, failingReport } from "./testing/fixtures.ts";

const EVIL = `</script><script>alert(1)</script>"'><img src=x onerror=alert(2)>\u2028`;

/** Every string of a report replaced, but those that have a fixed set of values. */
function poison(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) return value.map((item) => poison(item, key));
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, poison(item, name)]),
    );
  return typeof value === "string" && key !== "kind" && key !== "verdict" ? EVIL : value;
}

for (const report of [failingReport(), benchReport()])
  test(`page: no text of a ${report.kind} report becomes markup`, () => {
    const clean = renderHtml(report);
    const page = renderHtml(poison(report) as Report);
    const count = (text: string, of: RegExp): number => text.match(of)?.length ?? 0;
    expect(page.includes("&lt;/script&gt;")).toBeTrue();
    expect(count(page, /<\/?script/gi)).toBe(count(clean, /<\/?script/gi));
    expect(page.includes("<img")).toBeFalse();
  });

test("page: an artifact that is not below the report is no link", () => {
  const artifacts = {
    log: "logs/node 1.log",
    script: " javascript:alert(1)",
    host: "//example.org/x",
    root: "/etc/passwd",
    up: "../../secret",
  };
  const hrefs = [...renderHtml({ ...demoReport(), artifacts }).matchAll(/href="([^"]*)"/g)];
  expect(hrefs.map(([, href]) => href)).toEqual(["data:,", "#verdict", "logs/node%201.log"]);
});

test("page: a timeline of 10,000 intervals, 5,000 faults and a huge config stay below 1 MB", () => {
  const base = demoReport(10_000);
  const faults = Array.from({ length: 5000 }, (_, i) => base.timeline!.faults[i % 4]!);
  const failovers = Array.from({ length: 5000 }, (_, i) => base.failovers[i % 3]!);
  const config = Array.from({ length: 50_000 }, (_, i) => ({ i }));
  const page = renderHtml({ ...base, config, failovers, timeline: { ...base.timeline!, faults } });
  expect(Buffer.byteLength(page)).toBeLessThan(1_000_000);
});

test("page: asks nothing of any other host or file", () => {
  const page = renderHtml(demoReport());
  expect(page.includes("default-src &#39;none&#39;")).toBeTrue();
  expect(page.match(/<[^>]+\bsrc(?:set)?\s*=|@import|url\(/gi) ?? []).toEqual([]);
  expect(page.match(/https?:\/\/[^\s"']+/g)).toEqual(["https://github.com/leeoniya/uPlot"]); // Its licence, a comment.
});

test("page: a report with nothing in it still renders", () => {
  const empty: Report = {
    ...demoReport(),
    about: "",
    checks: [],
    loads: [],
    timeline: null,
    failovers: [],
    artifacts: {},
    config: null,
  };
  const page = renderHtml(empty);
  const text = page.replace(/<(script|style)[^]*?<\/\1>/g, "");
  expect(text).toContain("nothing was checked");
  expect(text).not.toMatch(/undefined|NaN|\[object/);
});

test("page: the verdict is said in words, and the repeat command is there whole", () => {
  const page = renderHtml(failingReport()).replace(/<[^>]+>/g, "");
  expect(page).toContain("Correctness is violated: linearizable.");
  expect(page).toContain("ordeal chaos run paused-leader --seed 7 --duration 20s");
});

test("page: what led to a violation is drawn, with the logs of the nodes beside it", () => {
  const artifacts = { history: "history.bin", "log of node-1": "logs/node-1.log" };
  const page = renderHtml({ ...failingReport(), artifacts });
  expect(page).toContain("What led to it: linearizable");
  expect(page.match(/<a href="logs\/node-1.log">/g)).toHaveLength(2);
  expect(renderHtml(demoReport())).not.toContain("What led to it");
});

test("page: a failed run says how it is tried again, and no other", () => {
  const { name, runId, artifacts } = failingReport();
  const recorded = { ...artifacts, "recording of node-1": "recordings/node-1.bin" };
  const text = (page: string): string => page.replaceAll(/<[^>]*>/g, "");
  const page = text(renderHtml({ ...failingReport(), artifacts: recorded }));
  expect(page).toContain(`ordeal chaos reproduce reports/chaos/${name}/${runId}`);
  expect(page).toContain(`ordeal replay reports/chaos/${name}/${runId}`);
  expect(text(renderHtml(failingReport()))).not.toContain("ordeal replay");
  expect(text(renderHtml(demoReport()))).not.toContain("ordeal chaos reproduce");
});
