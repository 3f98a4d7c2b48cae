import { count, plural } from "../../format.ts";
import { html, type Markup } from "../../markup.ts";
import { type KeyFigure, keyFigures, repeatRow, stamp } from "../../page/verdict.ts";
import type { Comparison, MetricComparison, MetricVerdict } from "../comparison.ts";
import {
  byWeight,
  capitalised,
  changeText,
  COMPARISON_WORDS,
  isJudged,
  verdictTone,
} from "../words.ts";

/** The answer first: verdict, what differs, how many metrics of which kind, how to run it again. */
export function comparisonVerdict(comparison: Comparison): Markup {
  const tone = verdictTone(comparison.verdict);
  return html`<section
    id="verdict"
    class="verdict ${tone}"
    aria-labelledby="verdict-word"
    tabindex="-1"
  >
    ${stamp(tone, COMPARISON_WORDS[comparison.verdict], capitalised(comparison.summary))}
    ${differences(comparison)}
    ${comparison.metrics.length === 0 ? null : keyFigures(figures(comparison))}
    ${repeatRow("repeat", "Repeat", comparison.command)}
  </section>`;
}

function differences({ differences: fields }: Comparison): Markup | null {
  if (fields.length === 0) return null;
  return html`<div class="void">
    <b
      >${plural(fields.length, "field")} that must be equal
      ${fields.length === 1 ? "differs" : "differ"}:</b
    >
    <ul class="differences">
      ${fields.map((field) => html`<li>${field}</li>`)}
    </ul>
  </div>`;
}

function figures({ metrics, sessions }: Comparison): readonly KeyFigure[] {
  const judged = metrics.filter(isJudged);
  const many = (verdict: MetricVerdict): readonly MetricComparison[] =>
    judged.filter((m) => m.verdict === verdict);
  const worst = byWeight(many("regressed")).toSorted((a, b) => b.estimate - a.estimate)[0];
  const pairs = sessions.reduce((sum, session) => sum + session.pairs, 0);
  return [
    ["Judged", count(judged.length), `of ${plural(metrics.length, "metric")}`],
    [
      "Regressed",
      count(many("regressed").length),
      worst === undefined ? "" : `${worst.metric.name} ${changeText(worst.estimate, worst.metric)}`,
    ],
    ["Inconclusive", count(many("inconclusive").length), ""],
    ["Pass", count(many("pass").length), `and ${count(many("improved").length)} improved`],
    ...(pairs === 0 ? [] : [["Pairs", count(pairs), plural(sessions.length, "session")] as const]),
  ];
}
