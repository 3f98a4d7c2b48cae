import { figureText, goalMark, goalText } from "./figures.ts";
import { count, duration, durationMs, moment, rate } from "./format.ts";
import { codeBlock, escapeMarkdown as escape, inlineCode, markdownTable } from "./markdown-text.ts";
import type { Report, Verdict } from "./schema.ts";
import {
  failoverText,
  proofLines,
  serviceText,
  targetText,
  VERDICT_WORDS,
  verdictSentence,
} from "./words.ts";

const ROWS_MAX = 20;
const MARKS: Readonly<Record<Verdict, string>> = { pass: "✅", fail: "❌", unknown: "❔" };

/** The report in short, as Markdown for the summary of a CI job. Pure; ends with a newline. */
export function renderMarkdown(report: Report): string {
  const { target, verdict } = report;
  const parts = [
    `## ${MARKS[verdict]} ${VERDICT_WORDS[verdict]}: ${escape(`${report.kind} ${report.name}`)}`,
    escape(verdictSentence(report)),
    ...report.loads
      .filter(({ result }) => result.void !== null)
      .map(
        ({ name, result }) =>
          `**Do not use the figures of ${escape(name)}:** ${escape(result.void!)}`,
      ),
    checksTable(report),
    ...report.checks.map((check) => codeBlock(proofLines(check))),
    loadsTable(report),
    figuresTable(report),
    failovers(report),
    report.probes === undefined ? "" : escape(`Service: ${serviceText(report.probes)}.`),
    `Repeat: ${inlineCode(report.command)}`,
    escape(
      `${targetText(target)}; seed ${report.seed}; ${moment(report.startedAt)}, ${durationMs(report.durationMs)}; commit ${report.code.commit.slice(0, 12)}${report.code.dirty ? " with uncommitted changes" : ""}`,
    ),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

const table = (
  head: readonly string[],
  align: string,
  rows: readonly (readonly string[])[],
): string => markdownTable(head, align, rows, ROWS_MAX);

const checksTable = ({ checks }: Report): string =>
  table(
    ["Check", "Verdict", "Detail"],
    "| --- | --- | --- |",
    checks.map((check) => [
      check.name,
      `${MARKS[check.verdict]} ${VERDICT_WORDS[check.verdict]}`,
      [
        check.detail,
        ...(proofLines(check).length > 0 ? [] : check.evidence.slice(0, 6).map((op) => op.text)),
      ].join("; "),
    ]),
  );

const loadsTable = ({ loads }: Report): string =>
  table(
    ["Load", "Throughput", "p50", "p99", "p99.9", "max", "ok", "fail", "info"],
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    loads.map(({ name, result: { throughput, response, counts } }) => [
      name,
      rate(throughput),
      ...[response.p50, response.p99, response.p999, response.max].map(duration),
      ...[counts.ok, counts.fail, counts.info].map(count),
    ]),
  );

const figuresTable = ({ figures = [] }: Report): string =>
  table(
    ["Figure", "Value", "Goal", "", "How"],
    "| --- | ---: | ---: | --- | --- |",
    figures.map((figure) => [
      figure.name,
      figureText(figure.value, figure.unit),
      goalText(figure),
      goalMark(figure),
      figure.note,
    ]),
  );

const failovers = (report: Report): string =>
  report.failovers
    .slice(0, ROWS_MAX)
    .map((f) => escape(`${f.fault}: ${failoverText(f)}`))
    .map((line) => `- ${line}`)
    .join("\n");
