import { durationMs, moment } from "../format.ts";
import { html, type Markup } from "../markup.ts";
import detailsCss from "../page/details.css" with { type: "text" };
import copyJs from "../page/copy.client.js" with { type: "text" };
import pageCss from "../page/page.css" with { type: "text" };
import tablesCss from "../page/tables.css" with { type: "text" };
import verdictCss from "../page/verdict.css" with { type: "text" };
import { checkList } from "../page/checks.ts";
import { pageOf } from "../page-shell.ts";
import type { Comparison } from "./comparison.ts";
import { metricsSection } from "./page/metrics.ts";
import { provenanceOf } from "./page/provenance.ts";
import { comparisonVerdict } from "./page/verdict.ts";
import { COMPARISON_WORDS, sessionsText, titleOf } from "./words.ts";

const STYLES = [pageCss, verdictCss, tablesCss, detailsCss];

/** A comparison as one page that needs no network and no other file. The same one gives the same page. */
export function comparisonPage(comparison: Comparison): string {
  return pageOf({
    title: `${COMPARISON_WORDS[comparison.verdict]} · ${titleOf(comparison)}`,
    styles: STYLES,
    scripts: [copyJs],
    body: html`<a class="skip" href="#verdict">Skip to the verdict</a>
      ${head(comparison)}
      <main>
        ${comparisonVerdict(comparison)} ${metricsSection(comparison)}
        ${checkList(comparison.checks)} ${provenanceOf(comparison)}
      </main>
      <footer>
        Ordeal comparison, schema ${comparison.schema} · run <code>${comparison.runId}</code>
      </footer>`,
  });
}

const head = (comparison: Comparison): Markup =>
  html`<header class="head">
    <p class="kicker"><b>Ordeal</b> comparison</p>
    <h1>${titleOf(comparison)}</h1>
    <p class="about">
      <b>${comparison.base.label}</b> (base) against <b>${comparison.head.label}</b> (head)
    </p>
    <p class="facts">
      ${[
        moment(comparison.startedAt),
        durationMs(comparison.durationMs),
        sessionsText(comparison),
      ].map((fact) => html`<span>${fact}</span>`)}
    </p>
  </header>`;
