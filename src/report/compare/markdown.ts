import { durationMs, moment, plural } from "../format.ts";
import { escapeMarkdown as escape, folded, inlineCode, markdownTable } from "../markdown-text.ts";
import { VERDICT_WORDS } from "../words.ts";
import type { Comparison, MetricComparison, Side } from "./comparison.ts";
import {
  byWeight,
  capitalised,
  changeText,
  COMPARISON_WORDS,
  detectableText,
  intervalText,
  isJudged,
  limitText,
  METRIC_WORDS,
  metricTone,
  pText,
  sessionsText,
  SIDE_FACTS,
  titleOf,
  verdictTone,
  valueText,
} from "./words.ts";

/** The summary of a job may hold 1 MiB; nobody reads a thousand rows. */
const ROWS_MAX = 100;
const MARKS = { pass: "✅", fail: "❌", unknown: "❔", shown: "·" } as const;

/** A comparison as Markdown for $GITHUB_STEP_SUMMARY: what decides first, the rest folded. Ends with a newline. */
export function comparisonMarkdown(comparison: Comparison): string {
  const { verdict, metrics, base, head, checks } = comparison;
  const judged = metrics.filter(isJudged);
  const shown = metrics.filter((m) => !isJudged(m));
  const parts = [
    `## ${MARKS[verdictTone(verdict)]} ${COMPARISON_WORDS[verdict]}: ${escape(titleOf(comparison))}`,
    escape(capitalised(comparison.summary)),
    comparison.differences.map((text) => `- ${escape(text)}`).join("\n"),
    checksTable(checks.filter((check) => check.verdict !== "pass")),
    canaries(comparison),
    metricsTable(judged),
    judged.length === 0 ? "" : LEGEND,
    folded(`${plural(shown.length, "metric")} shown and not judged`, metricsTable(shown)),
    folded(plural(checks.length, "check"), checksTable(checks)),
    folded("Where the figures come from", provenance(base, head)),
    `Repeat: ${inlineCode(comparison.command)}`,
    escape(
      `${sessionsText(comparison)}; ${moment(comparison.startedAt)}, ${durationMs(comparison.durationMs)}`,
    ),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

const LEGEND =
  "Change: of the value itself, Hodges–Lehmann, with its interval. θ: a change below it is no regression. Finds: the smallest worsening that so many runs find with 80 % power. Holm p: two-sided, over all judged metrics.";

const metricsTable = (metrics: readonly MetricComparison[]): string =>
  markdownTable(
    ["Metric", "Verdict", "Base", "Head", "Change", "Interval", "θ", "Finds", "Holm p"],
    "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    byWeight(metrics).map((m) => [
      m.metric.name,
      `${MARKS[metricTone(m.verdict)]} ${METRIC_WORDS[m.verdict]}`,
      valueText(m.base, m.metric),
      valueText(m.head, m.metric),
      changeText(m.estimate, m.metric),
      intervalText(m),
      ...(isJudged(m) ? [limitText(m), detectableText(m), pText(m.pHolm)] : ["", "", ""]),
    ]),
    ROWS_MAX,
  );

const checksTable = (checks: Comparison["checks"]): string =>
  markdownTable(
    ["Check", "Verdict", "Detail"],
    "| --- | --- | --- |",
    checks.map((check) => [
      check.name,
      `${MARKS[check.verdict]} ${VERDICT_WORDS[check.verdict]}`,
      check.detail,
    ]),
    ROWS_MAX,
  );

const canaries = ({ sessions }: Comparison): string =>
  markdownTable(
    ["Session", "Canary that moved", "Base", "Head", "Change", "Interval"],
    "| --- | --- | ---: | ---: | ---: | ---: |",
    sessions.flatMap((session, i) =>
      session.canaries.map((m) => [
        String(i + 1),
        m.metric.name,
        valueText(m.base, m.metric),
        valueText(m.head, m.metric),
        changeText(m.estimate, m.metric),
        intervalText(m),
      ]),
    ),
    ROWS_MAX,
  );

const provenance = (base: Side, head: Side): string =>
  markdownTable(
    ["", "Base", "Head"],
    "| --- | --- | --- |",
    SIDE_FACTS.map(([name, of]) => [name, of(base), of(head)]),
    ROWS_MAX,
  );
