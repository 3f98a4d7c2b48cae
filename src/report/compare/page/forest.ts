import { percentile } from "../../../lib/stats.ts";
import { count } from "../../format.ts";
import { html, type Markup } from "../../markup.ts";
import type { MetricComparison } from "../comparison.ts";
import { changeText, metricSentence, metricTone } from "../words.ts";

const ROWS_MAX = 40;
/** The axis goes at least so far, and no farther than this, to both sides: ln of a ratio. */
const REACH = { min: Math.log(1.15), max: Math.log(6) } as const;
const TICKS = [1.02, 1.05, 1.1, 1.2, 1.3, 1.5, 2, 3, 5];
/** This share of the pairs lies on the axis; the rest stands at its ends. */
const PAIRS_SEEN = 0.9;
/** Ticks closer than this, as a share of half the axis, would run into each other. */
const TICK_GAP = 0.2;

/**
 * The forest plot: a row a metric with its interval, estimate and pairs against θ. Logarithmic, no
 * change in the middle, worse to the right whichever direction is better for the value itself.
 */
export function forest(metrics: readonly MetricComparison[]): Markup | null {
  const rows = metrics.slice(0, ROWS_MAX);
  if (rows.length === 0) return null;
  const reach = reachOf(rows);
  const hasPairs = rows.some(({ pairs }) => pairs.length > 0);
  return html`<figure class="forest" aria-labelledby="forest-title">
    <figcaption>
      <h3 id="forest-title">Changes against θ <small>logarithmic, right is worse</small></h3>
      <ul class="legend">
        <li><i class="key interval"></i>estimate, interval</li>
        ${hasPairs ? html`<li><i class="key pair"></i>a pair, the first on top</li>` : null}
        <li><i class="key limit"></i>regression from θ on</li>
      </ul>
    </figcaption>
    <ul class="rows">
      ${rows.map((row) => forestRow(row, reach))}
    </ul>
    ${axis(reach)} ${more(metrics.length - rows.length)}
  </figure>`;
}

const more = (rest: number): Markup | null =>
  rest <= 0 ? null : html`<p class="more">${count(rest)} more in the table.</p>`;

/** So far that judged intervals and limits are seen whole, and most pairs, if not beyond all measure. */
function reachOf(metrics: readonly MetricComparison[]): number {
  const judged = metrics.filter(({ verdict }) => verdict !== "shown");
  const sizes = (judged.length === 0 ? metrics : judged).flatMap((m) => [
    ...[m.low, m.high, m.estimate].map((at) => Math.abs(at ?? 0) * 1.08),
    m.pairs.length === 0 ? 0 : percentile(m.pairs.map(Math.abs), PAIRS_SEEN),
    m.limit * 1.4,
  ]);
  const most = Math.max(...sizes.filter(Number.isFinite), 0);
  return Math.min(REACH.max, Math.max(REACH.min, most));
}

/** Where a change lies on the axis, in percent of its width; beyond its end: at the end. */
const at = (change: number, reach: number): string =>
  (50 + 50 * Math.max(-1, Math.min(1, change / reach))).toFixed(2);

function forestRow(m: MetricComparison, reach: number): Markup {
  const { low, high, estimate, pairs, limit } = m;
  const isBeyond = Math.abs(estimate) > reach;
  return html`<li class="${metricTone(m.verdict)}">
    <b>${m.metric.name}</b>
    <div class="lane" role="img" aria-label="${metricSentence(m)}">
      ${m.metric.gated ? html`<i class="limit" style="left:${at(limit, reach)}%"></i>` : null}
      ${pairs.map((pair, i) => pairDot(m, pair, i, reach))}
      ${
        low === null || high === null
          ? null
          : html`<i
              class="interval"
              style="left:${at(low, reach)}%;right:${(100 - Number(at(high, reach))).toFixed(2)}%"
            ></i>`
      }
      <i class="estimate ${isBeyond ? "beyond" : ""}" style="left:${at(estimate, reach)}%"></i>
    </div>
    <span>${changeText(estimate, m.metric)}</span>
  </li>`;
}

/** Pairs go from top to bottom, so that a drift during the session is seen. */
function pairDot(m: MetricComparison, pair: number, i: number, reach: number): Markup {
  const top = (10 + (80 * (i + 0.5)) / m.pairs.length).toFixed(1);
  const beyond = Math.abs(pair) > reach ? "beyond" : "";
  const text = `pair ${i + 1}: ${changeText(pair, m.metric)}`;
  return html`<i
    class="pair ${beyond}"
    style="left:${at(pair, reach)}%;top:${top}%"
    title="${text}"
  ></i>`;
}

function axis(reach: number): Markup {
  const ticks: number[] = [];
  for (const ratio of TICKS) {
    const share = Math.log(ratio) / reach;
    const gap = share - (ticks.length === 0 ? 0 : Math.log(ticks.at(-1)!) / reach);
    if (gap >= TICK_GAP && share <= 0.94) ticks.push(ratio);
  }
  const tick = (change: number, text: string): Markup =>
    html`<span style="left:${at(change, reach)}%">${text}</span>`;
  return html`<div class="axis" aria-hidden="true">
    <div>
      ${ticks.map((ratio) => tick(-Math.log(ratio), `${ratio}×`))} ${tick(0, "same")}
      ${ticks.map((ratio) => tick(Math.log(ratio), `${ratio}×`))}
    </div>
    <p><span>← better</span><span>worse →</span></p>
  </div>`;
}
