import { moment } from "../../format.ts";
import { html, type Markup } from "../../markup.ts";
import type { HistoryPoint, Series } from "../history.ts";
import { changeSentence, shortCommit } from "../history-words.ts";
import { rangeOf } from "../sparkline.ts";
import { valueText } from "../words.ts";

/** More points than this are a line without dots: neither seen nor hit by a mouse. */
const DOTS_MAX = 150;
const LINE_MAX = 1000;
/** Of the height, above and below. */
const MARGIN = 8;

/** A metric over its reports, evenly spaced: a line, the levels between changes, and the changes. */
export function trend({ metric, points, changes }: Series): Markup {
  const [low, high] = rangeOf(points.map(({ value }) => value));
  const x = (index: number): string =>
    ((100 * (index + 0.5)) / Math.max(1, points.length)).toFixed(2);
  const y = (value: number): string =>
    (MARGIN + (100 - 2 * MARGIN) * (1 - (value - low) / (high - low))).toFixed(2);
  const step = Math.ceil(points.length / LINE_MAX);
  const line = points
    .map(({ value }, i) => (i % step === 0 ? `${x(i)},${y(value)}` : ""))
    .filter((point) => point !== "")
    .join(" ");
  const dots = points.length > DOTS_MAX ? [] : points;
  const title = ({ commit, dirty, startedAt, value }: HistoryPoint): string =>
    `${valueText(value, metric)}, ${shortCommit(commit)}${dirty ? "+" : ""}, ${moment(startedAt)}`;
  return html`<div class="trend">
    <div class="plot" role="img" aria-label="${label({ metric, points, changes })}">
      <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
        <polyline points="${line}" />
        ${levels({ metric, points, changes }).map(
          ({ from, to, value }) =>
            html`<line
              class="level"
              x1="${x(from - 0.5)}"
              x2="${x(to - 0.5)}"
              y1="${y(value)}"
              y2="${y(value)}"
            />`,
        )}
      </svg>
      ${dots.map((point, i) => html`<i style="left:${x(i)}%;top:${y(point.value)}%" title="${title(point)}"></i>`)}
      ${changes.map(
        (change) =>
          html`<b
            class="${change.direction}"
            style="left:${x(change.index - 0.5)}%"
            title="${changeSentence(change, metric)}"
          ></b>`,
      )}
    </div>
    <p class="scale">
      <span>${valueText(high, metric)}</span><span>${valueText(low, metric)}</span>
    </p>
  </div>`;
}

function label({ metric, points, changes }: Series): string {
  const values = points.map(({ value }) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const told = changes.map((change) => `${change.direction} ${changeSentence(change, metric)}`);
  const range = `${valueText(low, metric)} to ${valueText(high, metric)} in ${points.length} reports`;
  return [`${metric.name}: ${range}`, ...told].join("; ");
}

type Level = { readonly from: number; readonly to: number; readonly value: number };

/** From change to change; none where none changed. */
function levels({ points, changes }: Series): readonly Level[] {
  return changes.flatMap((change, i): readonly Level[] => {
    const next = changes[i + 1]?.index ?? points.length;
    const after = { from: change.index, to: next, value: change.after };
    return i === 0 ? [{ from: 0, to: change.index, value: change.before }, after] : [after];
  });
}
