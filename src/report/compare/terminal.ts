import picocolors from "picocolors";
import { plain } from "../terminal.ts";
import type { Comparison, MetricComparison } from "./comparison.ts";
import {
  byWeight,
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
  titleOf,
  verdictTone,
  valueText,
} from "./words.ts";

const MARKS = { pass: "✔", fail: "✘", unknown: "?", shown: " " } as const;

export type ComparisonLinesOptions = {
  readonly colour: boolean;
  /** Where the page was written; absent: it was not. */
  readonly page?: string | undefined;
};

/** A comparison in a terminal: verdict, what differs, a table of metrics, the page, the way to repeat it. */
export function comparisonLines(
  comparison: Comparison,
  { colour, page }: ComparisonLinesOptions,
): readonly string[] {
  const paint = picocolors.createColors(colour);
  const tones = { pass: paint.green, fail: paint.red, unknown: paint.yellow, shown: paint.dim };
  const { verdict, base, head } = comparison;
  const tone = verdictTone(verdict);
  const word = `${MARKS[tone]} ${COMPARISON_WORDS[verdict].toUpperCase()}`;
  const row = (name: string, text: string): string =>
    `  ${paint.dim(name.padEnd(9))} ${plain(text)}`.trimEnd();
  return [
    `${paint.bold(tones[tone](word))}  ${paint.bold(plain(titleOf(comparison)))}  ${plain(comparison.summary)}`,
    row("base", `${base.label}  ${base.about}`),
    row("head", `${head.label}  ${head.about}`),
    row("runs", sessionsText(comparison)),
    ...comparison.checks
      .filter((check) => check.verdict !== "pass")
      .map((check) => {
        const mark = tones[check.verdict](MARKS[check.verdict]);
        return `  ${paint.dim("check".padEnd(9))} ${mark} ${plain(`${check.name}: ${check.detail}`)}`;
      }),
    ...comparison.differences.map((text, i) => row(i === 0 ? "differs" : "", text)),
    ...metricLines(comparison.metrics).map(({ text, verdict: of }) => {
      if (of === null) return `  ${paint.dim(text)}`;
      const mark = metricTone(of);
      return `  ${text}  ${tones[mark](`${MARKS[mark]} ${METRIC_WORDS[of]}`.trimStart())}`;
    }),
    ...(page === undefined ? [] : [row("page", page)]),
    row("repeat", comparison.command),
  ];
}

type Line = { readonly text: string; readonly verdict: MetricComparison["verdict"] | null };

const HEAD = ["metric", "base", "head", "change", "interval", "θ", "finds", "Holm p"];

function metricLines(metrics: readonly MetricComparison[]): readonly Line[] {
  if (metrics.length === 0) return [];
  const sorted = byWeight(metrics);
  const cells = [HEAD, ...sorted.map(cellsOf)];
  const widths = HEAD.map((_, at) => Math.max(...cells.map((row) => [...row[at]!].length)));
  const pad = (text: string, at: number): string => {
    const space = " ".repeat(widths[at]! - [...text].length);
    return at === 0 ? text + space : space + text;
  };
  return cells.map((row, i) => ({
    text: row.map(pad).join("  "),
    verdict: i === 0 ? null : sorted[i - 1]!.verdict,
  }));
}

const cellsOf = (m: MetricComparison): readonly string[] => [
  plain(m.metric.name),
  valueText(m.base, m.metric),
  valueText(m.head, m.metric),
  changeText(m.estimate, m.metric),
  intervalText(m),
  ...(isJudged(m) ? [limitText(m), detectableText(m), pText(m.pHolm)] : ["", "", ""]),
];
