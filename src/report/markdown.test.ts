import { expect, test } from "bun:test";
import { renderMarkdown } from "./markdown.ts";
import { benchReport, demoReport, failingReport } from "./testing/fixtures.ts";

test("markdown: verdict, checks, figures, failovers and the repeat command", () => {
  const lines = renderMarkdown(failingReport()).split("\n");
  expect(lines[0]).toBe("## ❌ Fail: chaos paused-leader");
  expect(lines).toContain("Repeat: `ordeal chaos run paused-leader --seed 7 --duration 20s`");
  expect(lines).toContain(
    "| recovered | ✅ Pass | a write committed 212 ms after the last fault was lifted |",
  );
  expect(lines).toContain(
    "| mixed | 17,106/s | 1.39 ms | 8.42 ms | 61.3 ms | 412 ms | 342,117 | 700 | 90 |",
  );
  expect(lines).toContain("- crash leader: 2 → 4, elected in 231 ms, first write after 258 ms");
});

test("markdown: figures that are void say so", () => {
  expect(renderMarkdown(benchReport())).toContain(
    "**Do not use the figures of memory, 256 clients:**",
  );
});

test("markdown: text of a report cannot become markup, a cell or a fence", () => {
  const text = renderMarkdown({
    ...demoReport(),
    name: "<b>|[x](http://evil)\n## big",
    command: "a `b`` c",
  });
  expect(text).toContain("demo \\<b\\>\\|\\[x\\](http://evil) \\#\\# big");
  expect(text).toContain("Repeat: ``` a `b`` c ```");
});
