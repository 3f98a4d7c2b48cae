import { figureText, goalMark, goalText } from "./figures.ts";
import { count, duration, durationMs, moment, rate } from "./format.ts";
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
): string => {
  if (rows.length === 0) return "";
  const line = (cells: readonly string[]): string => `| ${cells.map(escape).join(" | ")} |`;
  const more = rows.length > ROWS_MAX ? [`\n${rows.length - ROWS_MAX} more in the report.`] : [];
  return [line(head), align, ...rows.slice(0, ROWS_MAX).map(line), ...more].join("\n");
};

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

/** Text stays text: no markup, links or HTML from a report, and one line. */
const escape = (text: string): string =>
  text.replace(/\s+/g, " ").replace(/[\\`*_{}[\]<>|#~&]/g, (char) => `\\${char}`);

/** Lines as they are; the fence is longer than any run of backticks in them. */
function codeBlock(lines: readonly string[]): string {
  if (lines.length === 0) return "";
  const longest = Math.max(2, ...[...lines.join("\n").matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const text = lines.map((line) => line.replace(/[\r\n]/g, " "));
  return [`${fence}text`, ...text, fence].join("\n");
}

/** A code span whose fence is longer than any run of backticks in it. */
function inlineCode(text: string): string {
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return longest === 0 ? `\`${text}\`` : `${fence} ${text} ${fence}`;
}
