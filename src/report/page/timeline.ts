import type { Band, TimeData } from "../chart-data.ts";
import { count, duration, plural } from "../format.ts";
import { type Lane, lanesOf, type Span } from "../lanes.ts";
import { html, type Markup } from "../markup.ts";
import type { Report, Timeline } from "../schema.ts";
import { nodesText } from "../words.ts";
import { shardsBlock } from "./shards.ts";
import { chartBox } from "./chart-box.ts";

const FAULTS_MAX = 40;
const SPANS_MAX = 300;

/** Charts, leader lanes and faults over one time axis. `--x0` and `--x1` are what it shows now. */
export function timelineSection(report: Report, time: TimeData | null): Markup | null {
  const { timeline } = report;
  if (timeline === null || time === null) return null;
  return html`<section
    class="timeline"
    aria-labelledby="timeline-title"
    data-end="${time.endS}"
    style="--x0:0;--x1:${time.endS}"
  >
    <h2 id="timeline-title">Over time</h2>
    <p class="lead">
      Drag across a chart to zoom in, double-click to zoom out. With the keyboard: arrow keys move
      the cursor.
    </p>
    ${chart("rates", "Throughput", "operations a second", RATE_KEYS, summaryOfRates(time))}
    ${chart("latency", "Latency", "response time, logarithmic", LATENCY_KEYS, summaryOfLatency(time))}
    ${lanesBlock(timeline, report.target.nodes)} ${shardsBlock(timeline)} ${faultList(time.bands)}
  </section>`;
}

type Key = { readonly id: string; readonly name: string };
const RATE_KEYS: readonly Key[] = [
  { id: "ok", name: "ok" },
  { id: "fail", name: "fail" },
  { id: "info", name: "info" },
];
const LATENCY_KEYS: readonly Key[] = [
  { id: "p50", name: "p50" },
  { id: "p99", name: "p99" },
];

const chart = (id: string, title: string, unit: string, keys: readonly Key[], summary: string) =>
  chartBox({
    ...{ id, title, about: unit, summary, nothingChosen: "No time chosen" },
    keys: keys.map(
      (key) =>
        html`<li>
          <i class="swatch ${key.id}"></i>${key.name} <output data-value="${key.id}"></output>
        </li>`,
    ),
  });

function summaryOfRates({ ok, fail, info, endS }: TimeData): string {
  const mean = ok.reduce((sum, n) => sum + n, 0) / ok.length;
  const troubled = fail.filter((n, i) => n > 0 || info[i]! > 0).length;
  return `Over ${endS} seconds, on average ${count(mean)} operations a second were acknowledged; ${plural(troubled, "interval")} of ${ok.length} had operations that failed or stayed without an answer.`;
}

function summaryOfLatency({ p50, p99 }: TimeData): string {
  const highest = (column: readonly (number | null)[]): string =>
    duration(column.reduce((best: number, us) => Math.max(best, us ?? 0), 0));
  return `The highest p50 of an interval is ${highest(p50)}, the highest p99 ${highest(p99)}.`;
}

function lanesBlock(timeline: Timeline, nodes: number): Markup | null {
  const lanes = lanesOf(timeline, nodes);
  if (lanes.every((lane) => lane.spans.length === 0)) return null;
  return html`<figure class="lanes">
    <figcaption>
      <h3 id="lanes-title">Leaders <small>by term, a lane a node</small></h3>
      <ul class="legend">
        <li><i class="swatch leader"></i>leader</li>
        <li><i class="swatch stale"></i>deposed, not aware</li>
        <li><i class="swatch down"></i>crashed</li>
        <li><i class="swatch paused"></i>paused</li>
        <li><i class="swatch disk"></i>disk at fault</li>
        <li><i class="swatch clock"></i>clock off</li>
        <li><i class="swatch cut"></i>cut off</li>
        <li><i class="swatch frames"></i>frames disturbed</li>
      </ul>
    </figcaption>
    <ul class="tracks" aria-labelledby="lanes-title">
      ${lanes.map((lane) => laneRow(lane, timeline.startUs))}
    </ul>
  </figure>`;
}

/** One node's lane: needs lanes.css, and --x0 and --x1 in seconds since `startUs`. */
export const laneRow = ({ node, spans }: Lane, startUs: number): Markup =>
  html`<li>
    <span class="node"><span class="word">node </span>${node}</span>
    <div class="track">${spans.slice(0, SPANS_MAX).map((span) => spanBox(span, startUs))}</div>
  </li>`;

function spanBox({ kind, fromUs, toUs, term, label }: Span, startUs: number): Markup {
  const from = ((fromUs - startUs) / 1e6).toFixed(3);
  const to = ((toUs - startUs) / 1e6).toFixed(3);
  const text = `${label}, ${from} to ${to} s`;
  const shown = kind === "leader" ? html`<b aria-hidden="true">${term}</b>` : null;
  return html`<div class="box ${kind}" title="${text}" style="--from:${from};--to:${to}">
    ${shown}<span class="sr">${text}. </span>
  </div>`;
}

function faultList(bands: readonly Band[]): Markup | null {
  if (bands.length === 0) return null;
  const rest = bands.length - FAULTS_MAX;
  return html`<h3 id="faults-title">Faults</h3>
    <ol class="faults" aria-labelledby="faults-title">
      ${bands.slice(0, FAULTS_MAX).map(
        (band) =>
          html`<li>
            <i class="number ${band.family}">${band.number}</i><b>${band.label}</b>
            <span>${nodesText(band.nodes)}</span>
            <time>${band.fromS.toFixed(1)} – ${band.toS.toFixed(1)} s</time>
          </li>`,
      )}
    </ol>
    ${rest > 0 ? html`<p class="more">${rest} more in report.json.</p>` : null}`;
}
