import { count, moment, plural } from "../format.ts";
import { html, type Markup } from "../markup.ts";
import { verdictIcon } from "../page/badge.ts";
import chartsCss from "../page/charts.css" with { type: "text" };
import pageCss from "../page/page.css" with { type: "text" };
import verdictCss from "../page/verdict.css" with { type: "text" };
import { pageOf } from "../page-shell.ts";
import type { History, HistoryChange, Series } from "./history.ts";
import {
  changeSentence,
  historyTitle,
  historyTooFewText,
  machineText,
  tooFewText,
} from "./history-words.ts";
import historyCss from "./page/history.css" with { type: "text" };
import { trend } from "./page/trend.ts";
import { valueText } from "./words.ts";

const LEFT_OUT_MAX = 50;

/** Every history a section, every metric a line over time with its change points. No script, no network. */
export const historyPage = (histories: readonly History[]): string =>
  pageOf({
    title: "History",
    styles: [pageCss, verdictCss, chartsCss, historyCss],
    body: html`<a class="skip" href="#histories">Skip to the figures</a>
      <header class="head">
        <p class="kicker"><b>Ordeal</b> history</p>
        <h1>History</h1>
        <p class="about">
          Figures of stored reports over time, and where they went from one level to another:
          advice, which names the commit to look at.
        </p>
        <p class="facts">${tally(histories).map((fact) => html`<span>${fact}</span>`)}</p>
      </header>
      <main id="histories">${histories.map(section)}</main>`,
  });

function tally(histories: readonly History[]): readonly string[] {
  const changes = histories.flatMap(({ series }) => series.flatMap((each) => each.changes));
  const worse = changes.filter(({ direction }) => direction === "worse").length;
  return [
    plural(
      histories.reduce((sum, { reports }) => sum + reports, 0),
      "report",
    ),
    `${plural(changes.length, "change")}, ${count(worse)} for the worse`,
  ];
}

function section(history: History, at: number): Markup {
  const { series, leftOut, reports } = history;
  const tooFew = historyTooFewText(history);
  return html`<section aria-labelledby="history-${at}">
    <h2 id="history-${at}">${historyTitle(history)}</h2>
    <p class="lead">
      ${plural(reports, "report")}${reports === 0 ? "" : `, ${moment(history.from)} … ${moment(history.to)}`};
      ${machineText(history)}
    </p>
    ${tooFew === null ? null : html`<p class="void">${tooFew}.</p>`}
    ${
      series.every(({ changes }) => changes.length === 0)
        ? null
        : html`<ul class="legend">
            <li><i class="key level"></i>level between changes</li>
            <li><i class="key worse"></i>worse from here</li>
            <li><i class="key better"></i>better from here</li>
          </ul>`
    }
    <ul class="series">
      ${series.map((each) => seriesItem(each, tooFew === null))}
    </ul>
    ${outside(leftOut)}
  </section>`;
}

/** `tellsFew`: the section has not said of all metrics that they have too few reports. */
const seriesItem = (series: Series, tellsFew: boolean): Markup => {
  const few = tellsFew ? tooFewText(series) : null;
  return html`<li>
    <div class="what">
      <h3>${series.metric.name}</h3>
      <b>${valueText(series.points.at(-1)!.value, series.metric)}</b>
      <small>${series.metric.better} is better</small>
    </div>
    ${trend(series)} ${few === null ? null : html`<p class="few">${few}.</p>`}
    ${
      series.changes.length === 0
        ? null
        : html`<ul class="changes">
            ${series.changes.map((change) => changeItem(change, series))}
          </ul>`
    }
  </li>`;
};

function changeItem(change: HistoryChange, { metric }: Series): Markup {
  const tone = change.direction === "worse" ? "fail" : "pass";
  return html`<li>
    <span class="badge ${tone}">${verdictIcon(tone)}${change.direction}</span>
    ${changeSentence(change, metric)}
  </li>`;
}

function outside(leftOut: History["leftOut"]): Markup | null {
  if (leftOut.length === 0) return null;
  const rest = leftOut.length - LEFT_OUT_MAX;
  return html`<details>
    <summary>${plural(leftOut.length, "report")} left out</summary>
    <ul class="outside">
      ${leftOut
        .slice(0, LEFT_OUT_MAX)
        .map(({ runId, why }) => html`<li><code>${runId}</code> ${why}</li>`)}
    </ul>
    ${rest > 0 ? html`<p class="more">${count(rest)} more.</p>` : null}
  </details>`;
}
