import { durationMs, moment } from "../format.ts";
import { html, type Markup } from "../markup.ts";
import uplotJs from "uplot/dist/uPlot.iife.min.js" with { type: "text" };
import uplotCss from "uplot/dist/uPlot.min.css" with { type: "text" };
import hostJs from "../page/chart-host.client.js" with { type: "text" };
import chartsCss from "../page/charts.css" with { type: "text" };
import chartsJs from "../page/charts.client.js" with { type: "text" };
import figuresJs from "../page/figures.client.js" with { type: "text" };
import compareCss from "./page/compare.css" with { type: "text" };
import compareJs from "./page/compare.client.js" with { type: "text" };
import { caseCurves, curvesSection } from "./page/curves.ts";
import { sessionsSection } from "./page/sessions.ts";
import detailsCss from "../page/details.css" with { type: "text" };
import copyJs from "../page/copy.client.js" with { type: "text" };
import pageCss from "../page/page.css" with { type: "text" };
import tablesCss from "../page/tables.css" with { type: "text" };
import verdictCss from "../page/verdict.css" with { type: "text" };
import { checkList } from "../page/checks.ts";
import { embeddedData, pageOf } from "../page-shell.ts";
import type { Comparison } from "./comparison.ts";
import { metricsSection } from "./page/metrics.ts";
import { provenanceOf } from "./page/provenance.ts";
import { comparisonVerdict } from "./page/verdict.ts";
import { COMPARISON_WORDS, sessionsText, titleOf } from "./words.ts";

const STYLES = [...[uplotCss, pageCss, verdictCss, chartsCss, tablesCss, detailsCss, compareCss]];

/** A comparison as one page that needs no network and no other file. The same one gives the same page. */
export function comparisonPage(comparison: Comparison): string {
  const curves = caseCurves(comparison);
  const checks = checkList(comparison.checks);
  return pageOf({
    title: `${COMPARISON_WORDS[comparison.verdict]} · ${titleOf(comparison)}`,
    styles: STYLES,
    libraries: [uplotJs],
    scripts: [figuresJs, chartsJs, hostJs, compareJs, copyJs],
    body: html`<a class="skip" href="#verdict">Skip to the verdict</a>
      ${head(comparison)}
      <main>
        ${comparisonVerdict(comparison)} ${comparison.verdict === "violated" ? checks : null}
        ${metricsSection(comparison)} ${curvesSection(curves)}
        ${comparison.verdict === "violated" ? null : checks} ${sessionsSection(comparison)}
        ${provenanceOf(comparison)}
      </main>
      <footer>
        Ordeal comparison, schema ${comparison.schema} · run <code>${comparison.runId}</code>
      </footer>
      ${embeddedData({ curves: curves.map(({ data }) => data) })}`,
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
