import {
  figureTexts,
  pairsText,
  ratioIntervalText,
  RATIOS,
  ratioText,
  termLines,
  unlikeText,
} from "./against.ts";
import { figureText, goalMark, goalText } from "./figures.ts";
import { count, duration, durationMs, moment, rate } from "./format.ts";
import { codeBlock, escapeMarkdown as escape, inlineCode, markdownTable } from "./markdown-text.ts";
import type { Report, Verdict } from "./schema.ts";
import { stepTexts, sweepText } from "./sweep.ts";
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
    againstTable(report),
    ...againstNotes(report),
    ...sweeps(report),
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

/** Both systems side by side, and by how much the first is ahead. */
const againstTable = ({ against }: Report): string =>
  against === undefined
    ? ""
    : table(
        [
          `${against.arms[0].name} : ${against.arms[1].name}`,
          ...RATIOS.flatMap(({ title }) => [title, "ratio", "interval"]),
        ],
        `| --- |${RATIOS.map(() => " ---: | ---: | --- |").join("")}`,
        against.cases.map((one) => [
          one.name,
          ...RATIOS.flatMap(({ id }, i) => [
            one.arms.map((arm) => figureTexts(arm)[i]).join(" : "),
            ratioText(one.ratio[id]),
            ratioIntervalText(one.ratio[id]),
          ]),
        ]),
      );

function againstNotes({ against }: Report): string[] {
  if (against === undefined) return [];
  const warning = unlikeText(against);
  return [
    ...(warning === null ? [] : [`**${escape(warning)}.**`]),
    escape(`${pairsText(against)}. A ratio is the first system over the second.`),
    termLines(against)
      .map((text) => `- ${escape(text)}`)
      .join("\n"),
  ];
}

const sweeps = ({ sweeps: all = [] }: Report): string[] =>
  all.flatMap((sweep) => [
    escape(`${sweep.name}: ${sweepText(sweep)}.`),
    table(
      ["Offered", "Acknowledged", "p50", "p99", "Result"],
      "| ---: | ---: | ---: | ---: | --- |",
      sweep.steps.map(stepTexts),
    ),
  ]);

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
