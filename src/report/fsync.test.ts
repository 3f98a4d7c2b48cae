import { expect, test } from "bun:test";
import { renderHtml } from "./html.ts";
import { renderMarkdown } from "./markdown.ts";
import type { Report } from "./schema.ts";
import { summaryLines } from "./terminal.ts";
import { demoReport } from "./testing/fixtures.ts";
import { parseReport } from "./validate.ts";

const withFsync = (fsync: Report["target"]["fsync"]): Report => {
  const report = demoReport(5);
  return { ...report, target: { ...report.target, fsync } };
};

/** A report in each of its forms. */
const formsOf = (report: Report): readonly string[] => [
  renderHtml(report),
  renderMarkdown(report),
  summaryLines(report, { path: "x", colour: false }).join("\n"),
];

test("report: fsync never is called UNSAFE in every form, and no other mode is", () => {
  for (const form of formsOf(withFsync("never"))) expect(form).toContain("UNSAFE: fsync never");
  for (const mode of ["always", "batch", undefined] as const) {
    for (const form of formsOf(withFsync(mode))) expect(form).not.toContain("UNSAFE");
  }
  expect(renderMarkdown(withFsync("always"))).toContain("disk, fsync always");
});

test("report: the mode reads back as it was written, and an older report has none", () => {
  const stored = withFsync("never");
  expect(parseReport(JSON.stringify(stored), "r.json").target).toEqual(stored.target);
  expect(parseReport(JSON.stringify(demoReport(5)), "r.json").target.fsync).toBeUndefined();
});
