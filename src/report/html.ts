import uplotJs from "uplot/dist/uPlot.iife.min.js" with { type: "text" };
import uplotCss from "uplot/dist/uPlot.min.css" with { type: "text" };
import { chartData } from "./chart-data.ts";
import { html, type Markup } from "./markup.ts";
import { embeddedData, pageOf } from "./page-shell.ts";
import againstCss from "./page/against.css" with { type: "text" };
import { againstSection } from "./page/against.ts";
import chartsCss from "./page/charts.css" with { type: "text" };
import chartsJs from "./page/charts.client.js" with { type: "text" };
import { checksSection } from "./page/checks.ts";
import detailsCss from "./page/details.css" with { type: "text" };
import { artifactsSection, configSection, provenanceSection } from "./page/details.ts";
import { failoverSection } from "./page/failovers.ts";
import { figuresSection } from "./page/figures.ts";
import figuresJs from "./page/figures.client.js" with { type: "text" };
import lamportCss from "./page/lamport.css" with { type: "text" };
import lanesCss from "./page/lanes.css" with { type: "text" };
import { loadsSection } from "./page/loads.ts";
import pageCss from "./page/page.css" with { type: "text" };
import copyJs from "./page/copy.client.js" with { type: "text" };
import hostJs from "./page/chart-host.client.js" with { type: "text" };
import pageJs from "./page/page.client.js" with { type: "text" };
import proofCss from "./page/proof.css" with { type: "text" };
import { storySection } from "./page/story.ts";
import sweepCss from "./page/sweep.css" with { type: "text" };
import { sweepSection } from "./page/sweep.ts";
import tablesCss from "./page/tables.css" with { type: "text" };
import { probesSection } from "./page/probes.ts";
import { timelineSection } from "./page/timeline.ts";
import verdictCss from "./page/verdict.css" with { type: "text" };
import windowCss from "./page/window.css" with { type: "text" };
import windowJs from "./page/window.client.js" with { type: "text" };
import { pageHead, verdictSection } from "./page/verdict.ts";

import type { Report } from "./schema.ts";
import { VERDICT_WORDS } from "./words.ts";

const STYLES = [
  uplotCss,
  pageCss,
  verdictCss,
  chartsCss,
  lanesCss,
  tablesCss,
  detailsCss,
  proofCss,
  windowCss,
  lamportCss,
  againstCss,
  sweepCss,
];

/**
 * The report as one HTML page that needs no network and no other file. The same report gives the
 * same page. Below 1 MB however long the run: timelines are downsampled, long lists are cut.
 */
export function renderHtml(report: Report): string {
  const data = chartData(report);
  return pageOf({
    title: `${VERDICT_WORDS[report.verdict]} · ${report.name}`,
    styles: STYLES,
    libraries: [uplotJs],
    scripts: [figuresJs, chartsJs, hostJs, pageJs, windowJs, copyJs],
    body: html`<a class="skip" href="#verdict">Skip to the verdict</a>
      ${pageHead(report)}
      <main>${sections(report, data)}</main>
      <footer>Ordeal report, schema ${report.schema} · run <code>${report.runId}</code></footer>
      ${embeddedData(data)}`,
  });
}

const sections = (report: Report, data: ReturnType<typeof chartData>): (Markup | null)[] => [
  verdictSection(report),
  checksSection(report),
  storySection(report),
  timelineSection(report, data.time),
  failoverSection(report),
  probesSection(report),
  againstSection(report),
  sweepSection(report),
  loadsSection(report, data.curve),
  figuresSection(report),
  provenanceSection(report),
  configSection(report),
  artifactsSection(report),
];
