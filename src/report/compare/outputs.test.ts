import { expect, test } from "bun:test";
import { join } from "node:path";
import { comparisonFixtures, gateFixture } from "../testing/comparisons.ts";
import { expectStored } from "../testing/stored-text.ts";
import { elementsOf, parseXml } from "../testing/xml.ts";
import { comparisonAnnotations } from "./annotations.ts";
import type { Comparison } from "./comparison.ts";
import { comparisonPage } from "./html.ts";
import { comparisonJunit } from "./junit.ts";
import { comparisonMarkdown } from "./markdown.ts";
import { comparisonLines } from "./terminal.ts";
import { parseComparison } from "./validate.ts";
import { comparisonJson } from "./write.ts";

const ALL = comparisonFixtures();
const stored = (name: string): string => join(import.meta.dir, "testdata", name);
const terminal = (comparison: Comparison): string =>
  `${comparisonLines(comparison, { colour: false, page: "comparison.html" }).join("\n")}\n`;

/** Nothing that a format could take for its own. */
const EVIL = `a|b<script>alert("1")</script>&amp;]]>\u0007\ud800\n::error::x%0A\`\`\` **b**`;

function evil(): Comparison {
  const whole = ALL["regressed"]!;
  const side = { ...whole.base, label: EVIL, about: EVIL };
  return {
    ...whole,
    ...{ name: EVIL, summary: EVIL, command: `ordeal ${EVIL}`, base: side, head: side },
    differences: [EVIL],
    checks: [{ name: EVIL, verdict: "fail", detail: EVIL, evidence: [] }],
    metrics: whole.metrics.map((m) => ({
      ...m,
      metric: { ...m.metric, name: EVIL + m.metric.name },
    })),
  };
}

test("comparison fixtures: each has the verdict that it is named after", () => {
  for (const [name, { verdict }] of Object.entries(ALL)) expect(verdict).toBe(name as never);
});

test("comparison outputs: terminal, Markdown and JUnit of a regression are as stored", () => {
  const regressed = ALL["regressed"]!;
  expectStored(stored("regressed-terminal.txt"), terminal(regressed));
  expectStored(stored("regressed-markdown.txt"), comparisonMarkdown(regressed));
  expectStored(stored("regressed-junit.txt"), comparisonJunit(regressed));
});

test("comparison outputs: terminal, Markdown and JUnit of reports that differ are as stored", () => {
  const incomparable = ALL["incomparable"]!;
  expectStored(stored("incomparable-terminal.txt"), terminal(incomparable));
  expectStored(stored("incomparable-markdown.txt"), comparisonMarkdown(incomparable));
  expectStored(stored("incomparable-junit.txt"), comparisonJunit(incomparable));
});

test("comparison JSON: reads back as it was", () => {
  for (const comparison of Object.values(ALL))
    expect(parseComparison(comparisonJson(comparison), "c.json")).toEqual(comparison);
});

test("comparison terminal: colours only when asked for, and nothing that steers it", () => {
  const plain = comparisonLines(evil(), { colour: false });
  expect(plain.join("\n")).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  for (const line of plain) expect(line).not.toContain("\n");
  expect(comparisonLines(ALL["pass"]!, { colour: true }).join("")).toContain("\u001b[32m");
});

test("comparison JUnit: one case a metric; regressed fails, inconclusive is skipped", () => {
  for (const [name, comparison] of Object.entries(ALL)) {
    const root = parseXml(comparisonJunit(comparison));
    const [suite] = elementsOf(root, "testsuite");
    const cases = elementsOf(root, "testcase");
    const outcomes = comparison.metrics.map(({ metric }) => {
      const each = cases.find((found) => found.attributes["name"] === metric.name)!;
      return each.children[0]!.name;
    });
    const isVoid = ["void", "unproven", "incomparable"].includes(name);
    const expected = comparison.metrics.map(({ verdict }) => {
      if (verdict === "shown") return "system-out";
      if (isVoid) return "error";
      return { regressed: "failure", inconclusive: "skipped" }[verdict as string] ?? "system-out";
    });
    expect({ name, outcomes }).toEqual({ name, outcomes: expected });
    const count = (kind: string) =>
      String(cases.filter((c) => c.children[0]!.name === kind).length);
    expect(suite!.attributes).toMatchObject({
      ...{ tests: String(cases.length), failures: count("failure") },
      ...{ errors: count("error"), skipped: count("skipped") },
    });
    // Whatever is not passed has a case that is not passed, with or without metrics.
    const isRed = Number(count("failure")) + Number(count("error")) > 0;
    expect([name, isRed]).toEqual([name, !["pass", "improved", "inconclusive"].includes(name)]);
  }
});

test("comparison JUnit: hostile text is text, and the document stays well-formed", () => {
  const root = parseXml(comparisonJunit(evil()));
  const failure = elementsOf(root, "failure").find(({ text }) => text.includes("<script>"))!;
  expect(failure.text).toBe(EVIL.replace("\u0007", "\ufffd").replace("\ud800", "\ufffd"));
  expect(() => parseXml("<a><b></a></b>")).toThrow();
  expect(() => parseXml("<a b='&x;'/>")).toThrow();
});

test("comparison annotations: at most ten, the heaviest first, none without a reason", () => {
  expect(comparisonAnnotations(ALL["pass"]!)).toEqual([]);
  const [first, ...rest] = comparisonAnnotations(ALL["regressed"]!);
  expect(first).toStartWith("::error title=Regressed%3A gate put::worse: ");
  expect(rest).toHaveLength(2);
  expect(rest[0]).toMatch(/^::error title=disk%2C 64 clients%3A p50%3A regressed::\+\d+\.\d %25 /);
  const many = ALL["inconclusive"]!.metrics.flatMap((m) => Array<typeof m>(8).fill(m));
  const lines = comparisonAnnotations({ ...ALL["inconclusive"]!, metrics: many });
  expect(lines).toHaveLength(10);
  expect(lines[0]).toStartWith("::warning title=Inconclusive");
  expect(lines.at(-1)).toMatch(/^::warning title=gate put::\d+ more: see the summary of the job$/);
});

test("comparison annotations: hostile text cannot begin another command", () => {
  for (const line of comparisonAnnotations(evil())) {
    expect(line).not.toMatch(/[\r\n]/);
    expect(line).toMatch(/^::(error|warning) title=[^:,]*::/);
  }
});

test("comparison Markdown: hostile text is neither markup, nor a cell, nor a fold's end", () => {
  const text = comparisonMarkdown({ ...evil(), name: "</summary></details>" });
  const outsideCode = text.replace(/^Repeat: .*$/m, "");
  expect(outsideCode).not.toMatch(/(?<!\\)<script>/);
  expect(text.match(/<details>/g)).toHaveLength(text.match(/<\/details>/g)!.length);
  const rows = text.split("\n").filter((line) => line.startsWith("| a"));
  for (const row of rows) expect([4, 10]).toContain(row.match(/(?<!\\)\|/g)!.length);
});

test("comparison page: the same comparison gives the same page, without hostile markup", () => {
  expect(comparisonPage(gateFixture({ seed: 5 }))).toBe(comparisonPage(gateFixture({ seed: 5 })));
  expect(comparisonPage(evil())).not.toContain("<script>alert");
});
