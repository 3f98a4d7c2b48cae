import { html, type Markup } from "../../markup.ts";
import { badge } from "../../page/badge.ts";
import type { Comparison, MetricComparison, MetricVerdict } from "../comparison.ts";
import { forest } from "./forest.ts";
import {
  byWeight,
  changeText,
  detectableText,
  intervalText,
  isJudged,
  limitText,
  METRIC_WORDS,
  pText,
  metricTone,
  valueText,
} from "../words.ts";
import { scrollTable } from "../../page/table.ts";

/** Every metric: as a forest plot, and as a table with all that its verdict comes from. */
export function metricsSection({ metrics }: Comparison): Markup | null {
  if (metrics.length === 0) return null;
  return html`<section aria-labelledby="metrics-title">
    <h2 id="metrics-title">Metrics</h2>
    ${forest(byWeight(metrics))} ${metricsTable(byWeight(metrics), "metrics-title")}
    <p class="notes">
      Change: of the value itself, by Hodges and Lehmann, with its interval. θ: a change below it is
      no regression. Finds: the smallest worsening that so many runs find with 80 % power. Holm p:
      two-sided, over all judged metrics.
    </p>
  </section>`;
}

const HEADS = ["Verdict", "Base", "Head", "Change", "Interval", "θ", "Finds", "Holm p"];

/** Metrics a row each. `badgeOf`: what stands in the column of verdicts. */
export const metricsTable = (
  metrics: readonly MetricComparison[],
  labelledBy: string,
  badgeOf: (verdict: MetricVerdict) => Markup = metricBadge,
): Markup =>
  scrollTable(
    { labelledBy },
    {
      columns: ["Metric", ...HEADS],
      rows: metrics.map((m) => row(m, badgeOf(m.verdict))),
      className: "metrics",
    },
  );

const row = (m: MetricComparison, verdict: Markup): Markup =>
  html`<tr class="${isJudged(m) ? "" : "shown"}">
    <th scope="row">${m.metric.name}</th>
    <td>${verdict}</td>
    <td>${valueText(m.base, m.metric)}</td>
    <td>${valueText(m.head, m.metric)}</td>
    <td>${changeText(m.estimate, m.metric)}</td>
    <td>${intervalText(m)}</td>
    ${
      isJudged(m)
        ? html`<td>${limitText(m)}</td>
            <td>${detectableText(m)}</td>
            <td>${pText(m.pHolm)}</td>`
        : html`<td colspan="3"></td>`
    }
  </tr>`;

/** The verdict on a metric, with its sign. */
export function metricBadge(verdict: MetricVerdict): Markup {
  const tone = metricTone(verdict);
  const word = METRIC_WORDS[verdict];
  if (tone === "shown") return html`<span class="badge none">${word}</span>`;
  return badge(tone, word);
}
