import { expect, test } from "bun:test";
import { countGoals, figureText, goalMark, goalMet, goalsText, goalText } from "./figures.ts";
import { renderHtml } from "./html.ts";
import { renderMarkdown } from "./markdown.ts";
import { FIGURE_UNITS, type Figure, type Report } from "./schema.ts";
import { summaryLines } from "./terminal.ts";
import { benchReport } from "./testing/fixtures.ts";
import { parseReport } from "./validate.ts";

const figure = (value: number, goal: Figure["goal"], name = "a figure"): Figure => ({
  ...{ name, value, goal },
  unit: "ratio",
  note: "12 rounds",
});

const figuresReport = (...figures: readonly Figure[]): Report => ({
  ...benchReport(),
  target: { name: "ordeal", version: "0.1.0", nodes: 0, storage: "none" },
  loads: [],
  figures,
});

test("goals: met at the limit, missed beyond it, no mark without one", () => {
  const cases: [number, Figure["goal"], boolean | null][] = [
    [1.3, { atMost: 1.3 }, true],
    [1.31, { atMost: 1.3 }, false],
    [100, { atLeast: 100 }, true],
    [99, { atLeast: 100 }, false],
    [1, null, null],
  ];
  for (const [value, goal, met] of cases) expect(goalMet(figure(value, goal))).toBe(met);
  expect(goalMark(figure(1, null))).toBe("");
  expect(goalText(figure(1, { atMost: 1.3 }))).toBe("≤ 1.30×");
  expect(goalText(figure(1, { atLeast: 2 }))).toBe("≥ 2.00×");
});

test("figures: every unit has a text", () => {
  const texts = FIGURE_UNITS.map((unit) => figureText(1_234, unit));
  const expected = ["1234.00×", "1.23 µs", "1.23 ms", "1.23 s", "20.6 min"];
  expect(texts).toEqual([...expected, "1,234/s", "1.2 GiB", "1,230 MiB/s", "1,234"]);
});

test("goals of a report: counted, and the missed ones named", () => {
  const figures = [figure(1, { atMost: 2 }), figure(3, { atMost: 2 }, "slow"), figure(1, null)];
  expect(countGoals(figures)).toEqual({ met: 1, missed: 1 });
  expect(goalsText(figures)).toBe("1 of 2 goals met; missed: slow");
  expect(goalsText([figure(1, null)])).toBe("");
});

test("a report of figures: reads back; the page, the Markdown and the terminal show goal and mark", () => {
  const goal = { atMost: 1.3 };
  const report = figuresReport(figure(1.1, goal, "<b>good</b>"), figure(1.5, goal, "bad"));
  expect(parseReport(JSON.stringify(report), "report.json").figures).toEqual([...report.figures!]);
  const page = renderHtml(report);
  expect(page).toContain("&lt;b&gt;good&lt;/b&gt;");
  expect(page).not.toContain("<b>good</b>");
  expect(page).toContain("missed");
  expect(page).not.toContain("0 nodes");
  const markdown = renderMarkdown(report);
  expect(markdown).toContain("| bad | 1.50× | ≤ 1.30× | ✘ missed | 12 rounds |");
  const lines = summaryLines(report, { path: "report.html", colour: false }).join("\n");
  expect(lines).toContain("1.50×   goal ≤ 1.30×: ✘ missed");
});

test("a report of loads: has no figures, as before there were any", () => {
  const text = JSON.stringify(benchReport());
  expect(text).not.toContain('"figures"');
  expect(parseReport(text, "report.json").figures).toBeUndefined();
  expect(renderHtml(benchReport())).not.toContain("measured-title");
});
