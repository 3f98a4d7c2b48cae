import { duration, rate } from "../format.ts";
import { html, type Markup, trusted } from "../markup.ts";
import type { Report, Sweep, SweepStep } from "../schema.ts";
import { stepTexts, sweepText } from "../sweep.ts";
import { scrollTable } from "./table.ts";

const WIDTH = 640;
const HEIGHT = 280;
const LEFT = 76;
const RIGHT = 24;
const TOP = 16;
const BOTTOM = 44;
/** Room at both ends of an axis, as a ratio. */
const MARGIN = 1.3;

/** Throughput against p99, with the highest rate where p99 is within its limit. */
export function sweepSection({ sweeps = [] }: Report): Markup | null {
  if (sweeps.length === 0) return null;
  return html`<section aria-labelledby="sweep-title" class="sweeps">
    <h2 id="sweep-title">Saturation <small>the highest rate with p99 within its limit</small></h2>
    ${sweeps.map(sweepPart)}
    <p class="notes">
      Open loop: response time counts from the moment that an operation was due. Each point is a run
      on a fresh cluster; a rate that failed was tried once more before that was believed.
    </p>
  </section>`;
}

const sweepPart = (sweep: Sweep, i: number): Markup =>
  html`<h3 id="sweep-${i}">${sweep.name}</h3>
    <p>${sweepText(sweep)}.</p>
    ${sweep.steps.length === 0 ? null : chart(sweep)}
    ${scrollTable(
      { labelledBy: `sweep-${i}` },
      {
        columns: ["Offered", "Acknowledged", "p50", "p99", "Result"],
        rows: sweep.steps.map(row),
      },
    )}`;

function row(step: SweepStep): Markup {
  const [offered = "", ...rest] = stepTexts(step);
  return html`<tr>
    <th scope="row">${offered}</th>
    ${rest.map((text) => html`<td>${text}</td>`)}
  </tr>`;
}

/** Both axes logarithmic. A dot passed, a cross failed: nothing is told by colour alone. */
function chart(sweep: Sweep): Markup {
  const { steps, sloP99Us, bestRate } = sweep;
  const x = axis(
    steps.map((step) => step.throughput),
    LEFT,
    WIDTH - RIGHT,
  );
  const y = axis([sloP99Us, ...steps.map((step) => step.p99Us)], HEIGHT - BOTTOM, TOP);
  const line = steps.map((step) => `${x.at(step.throughput)},${y.at(step.p99Us)}`).join(" ");
  const slo = y.at(sloP99Us);
  const best = steps.filter(({ ok, rate: own }) => ok && own === bestRate).at(-1);
  const parts = [
    ...x.ticks.map((value) => xTick(x.at(value), rate(value))),
    ...y.ticks.map((value) => yTick(y.at(value), duration(value))),
    `<line class="slo" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${slo}" y2="${slo}"/>`,
    `<text class="slo" x="${LEFT + 6}" y="${slo - 6}">limit ${duration(sloP99Us)}</text>`,
    best === undefined
      ? ""
      : `<line class="best" x1="${x.at(best.throughput)}" x2="${x.at(best.throughput)}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"/>`,
    `<polyline class="path" points="${line}"/>`,
    ...steps.map((step) => point(x.at(step.throughput), y.at(step.p99Us), step.ok)),
    `<text class="axis" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 6}" text-anchor="middle">acknowledged operations a second</text>`,
  ];
  const svg = `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" aria-hidden="true" focusable="false">${parts.join("")}</svg>`;
  return html`<figure class="sweep" role="img" aria-label="p99 by throughput: ${sweepText(sweep)}">
    ${trusted(svg)}
  </figure>`;
}

const xTick = (x: number, text: string): string =>
  `<line class="grid" x1="${x}" x2="${x}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"/><text class="axis" x="${x}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${text}</text>`;
const yTick = (y: number, text: string): string =>
  `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}"/><text class="axis" x="${LEFT - 6}" y="${y + 4}" text-anchor="end">${text}</text>`;
const point = (x: number, y: number, ok: boolean): string =>
  ok
    ? `<circle class="ok" cx="${x}" cy="${y}" r="4.5"/>`
    : `<path class="failed" d="M${x - 4} ${y - 4}l8 8m0 -8l-8 8"/>`;

type Axis = { readonly at: (value: number) => number; readonly ticks: readonly number[] };

/** A logarithmic axis from `from` to `to` with room for all of the values; those of 0 lie at its start. */
export function axis(values: readonly number[], from: number, to: number): Axis {
  const positive = values.filter((value) => value > 0);
  const low = Math.log10(Math.min(...positive, Infinity) / MARGIN);
  const high = Math.log10(Math.max(...positive) * MARGIN);
  if (positive.length === 0) return { at: () => from, ticks: [] };
  const at = (value: number): number => {
    const share = value > 0 ? (Math.log10(value) - low) / (high - low) : 0;
    return Number((from + share * (to - from)).toFixed(1));
  };
  // 1, 2 and 5 of each power of ten within a decade or two; powers alone beyond that.
  const heads = high - low > 2.2 ? [1] : [1, 2, 5];
  const ticks: number[] = [];
  for (let power = Math.floor(low); power <= Math.ceil(high); power++) {
    for (const head of heads) {
      const value = head * 10 ** power;
      if (Math.log10(value) >= low && Math.log10(value) <= high) ticks.push(value);
    }
  }
  return { at, ticks };
}
