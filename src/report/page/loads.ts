import type { Counts, LatencySummary } from "../../workload/spec.ts";
import type { CurveData } from "../chart-data.ts";
import { CURVES_MAX, curveFigure } from "./curves.ts";
import { count, duration, rate } from "../format.ts";
import { html, type Markup } from "../markup.ts";
import type { Report } from "../schema.ts";
import { scrollTable } from "./table.ts";

type Load = Report["loads"][number];

/** Latency figures of one load, or the configurations of a benchmark side by side. */
export function loadsSection({ loads }: Report, curve: CurveData | null): Markup | null {
  const [only] = loads;
  if (only === undefined) return null;
  if (loads.length === 1)
    return html`<section aria-labelledby="latency-title">
      <h2 id="latency-title">Latency</h2>
      ${curveFigure(curve)} ${operations(only, "latency-title")}
    </section>`;
  return html`<section aria-labelledby="loads-title">
    <h2 id="loads-title">Configurations</h2>
    ${bars(loads)} ${loadsTable(loads)} ${loads.length <= CURVES_MAX ? curveFigure(curve) : null}
    <h3>By operation</h3>
    ${loads.map(
      (load, i) =>
        html`<details>
          <summary id="load-${i}">${load.name}</summary>
          ${operations(load, `load-${i}`)}
        </details>`,
    )}
  </section>`;
}

/** Throughput and p99 of every configuration as bars, each on a scale of its own. */
function bars(loads: readonly Load[]): Markup {
  const fastest = Math.max(...loads.map(({ result }) => result.throughput));
  const slowest = Math.max(...loads.map(({ result }) => result.response.p99));
  const bar = (kind: string, share: number, text: string): Markup =>
    html`<div class="bar ${kind}">
      <i style="width:${(Math.max(0, Math.min(1, share || 0)) * 100).toFixed(1)}%"></i
      ><span>${text}</span>
    </div>`;
  return html`<figure class="bars" aria-labelledby="bars-title">
    <figcaption>
      <h3 id="bars-title">Throughput and p99 <small>response time</small></h3>
      <ul class="legend">
        <li><i class="swatch ok"></i>throughput</li>
        <li><i class="swatch p99"></i>p99</li>
      </ul>
    </figcaption>
    <ul>
      ${loads.map(
        ({ name, result }) =>
          html`<li class="${result.void === null ? "" : "voided"}">
            <b>${name}${result.void === null ? null : html` <em>void</em>`}</b>
            ${bar("throughput", result.throughput / fastest, rate(result.throughput))}
            ${bar("p99", result.response.p99 / slowest, duration(result.response.p99))}
          </li>`,
      )}
    </ul>
  </figure>`;
}

const loadsTable = (loads: readonly Load[]): Markup =>
  html`<h3 id="figures-title">Figures</h3>
    ${scrollTable(
      { labelledBy: "figures-title" },
      {
        columns: ["Configuration", "Throughput", ...LATENCIES, "fail", "info"],
        rows: loads.map(
          ({ name, result }) =>
            html`<tr>
              <th scope="row">${name}${result.void === null ? null : html` <em>void</em>`}</th>
              <td>${rate(result.throughput)}</td>
              ${latencyCells(result.response)}
              <td>${count(result.counts.fail)}</td>
              <td>${count(result.counts.info)}</td>
            </tr>`,
        ),
      },
    )}`;

const LATENCIES = ["p50", "p99", "p99.9", "max"];

/** A quantile with fewer than 10 operations beyond it is greyed: it says little. */
const latencyCells = (l: LatencySummary): Markup[] => [
  html`<td>${duration(l.count === 0 ? null : l.p50)}</td>`,
  tailCell(l.p99, l.count, 0.01),
  tailCell(l.p999, l.count, 0.001),
  html`<td>${duration(l.count === 0 ? null : l.max)}</td>`,
];

function tailCell(us: number, operations: number, tail: number): Markup {
  if (operations * tail >= 10) return html`<td>${duration(us)}</td>`;
  const text = duration(operations === 0 ? null : us);
  return html`<td class="thin" title="Fewer than 10 operations lie beyond">${text}</td>`;
}

const countCells = ({ ok, fail, info }: Counts): Markup =>
  html`<td>${count(ok)}</td>
    <td class="${fail > 0 ? "some" : ""}">${count(fail)}</td>
    <td class="${info > 0 ? "some" : ""}">${count(info)}</td>`;

function operations({ result }: Load, labelledBy: string): Markup {
  const rows = Object.entries(result.byOp).map(
    ([name, { counts, service }]) =>
      html`<tr>
        <th scope="row">${name}</th>
        ${countCells(counts)}${latencyCells(service)}
      </tr>`,
  );
  const foot = html`<tr>
      <th scope="row">all</th>
      ${countCells(result.counts)}${latencyCells(result.service)}
    </tr>
    <tr>
      <th scope="row">response</th>
      <td colspan="3"></td>
      ${latencyCells(result.response)}
    </tr>`;
  const columns = ["Operation", "ok", "fail", "info", ...LATENCIES];
  const caption = "Operations by outcome and service time";
  return html`${scrollTable({ labelledBy }, { columns, rows, caption, foot })}
    <p class="notes">
      Operations show service time: from sending to the answer. Response time counts from the moment
      an operation was due. Greyed: fewer than 10 operations lie beyond. The generator used
      ${Math.round(result.cpu * 100)} % of a core; it started operations late by
      ${duration(result.lateness.p99)} at p99 and dropped ${count(result.dropped)}.
    </p>`;
}
