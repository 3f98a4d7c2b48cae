import { expect, test } from "bun:test";
import { summaryLines } from "./terminal.ts";
import { benchReport, demoReport, failingReport } from "./testing/fixtures.ts";

test("summary: a demo in ten lines", () => {
  expect(summaryLines(demoReport(), { path: "r/report.html", colour: false })).toEqual([
    "✔ PASS  demo demo  All 4 checks held.",
    "  throughput  17,106/s acknowledged (342,117 ok, 700 fail, 90 info)",
    "  latency     p50 1.39 ms   p99 8.42 ms   p99.9 61.3 ms   max 412 ms",
    "  failovers   crash leader: 2 → 4, elected in 231 ms, first write after 258 ms",
    "              partition: leader in the minority: 4 → 5, elected in 342 ms, first write after 380 ms",
    "              pause leader: 5 → 3, elected in 310 ms, first write after 340 ms",
    "  checks      ✔ linearizable: 342,117 operations on 200 keys in 1.8 s",
    "              ✔ no-lost-acks: every acknowledged write is in the final state",
    "              ✔ one-leader-per-term: 4 terms, 4 leaders",
    "              ✔ recovered: a write committed 212 ms after the last fault was lifted",
    "  report      r/report.html",
    "  repeat      ordeal demo --seed 42",
  ]);
});

test("summary: colour only when asked for", () => {
  const text = (colour: boolean) => summaryLines(failingReport(), { path: "x", colour }).join("\n");
  expect(text(false)).not.toContain("\u001b");
  expect(text(true)).toContain("\u001b[");
  expect(Bun.stripANSI(text(true))).toBe(text(false));
  expect(text(false)).toContain("✘ FAIL");
  expect(text(false)).toContain("pause leader: 5 → none, nobody elected, no write since");
});

test("summary: a line a configuration of a benchmark, and void ones say why", () => {
  const lines = summaryLines(benchReport(), { path: "x", colour: false });
  expect(lines.filter((line) => /p50/.test(line))).toHaveLength(6);
  expect(lines.join("\n")).toContain("void: the generator used 98 % of a core");
});

test("summary: control characters in a report do not reach the terminal", () => {
  const report = { ...demoReport(), name: "a\u001b[2Jb", command: "x\ny" };
  expect(summaryLines(report, { path: "x", colour: false }).join("")).not.toMatch(
    /[\u0000-\u001f]/,
  );
});

test("terminal: a failed run ends with how it is tried again; a recorded one can be replayed", () => {
  const options = { path: "some/where/report.html", colour: false };
  const artifacts = { "recording of node-1": "recordings/node-1.bin" };
  expect(summaryLines({ ...failingReport(), artifacts }, options).slice(-2)).toEqual([
    "  replay      ordeal replay some/where",
    "  reproduce   ordeal chaos reproduce some/where",
  ]);
  expect(summaryLines(failingReport(), options).join("\n")).not.toContain("ordeal replay");
  expect(summaryLines(demoReport(), options).at(-1)).toContain("repeat");
});
