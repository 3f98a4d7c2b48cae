import {
  ARMS,
  betterArm,
  clientText,
  durabilityTexts,
  figureTexts,
  pairsText,
  ratioIntervalText,
  RATIOS,
  ratioText,
  unlikeText,
} from "../against.ts";
import { count } from "../format.ts";
import { html, type Markup } from "../markup.ts";
import type { Against, AgainstCase, RatioInterval, Report } from "../schema.ts";
import { scrollTable } from "./table.ts";

/** Room at both ends of the axis. */
const MARGIN = 1.2;
const TICKS_MAX = 8;

/** A suite on two systems: how much the first one is ahead, with intervals; both arms' figures. */
export function againstSection({ against }: Report): Markup | null {
  if (against === undefined) return null;
  const [first, second] = against.arms;
  const warning = unlikeText(against);
  return html`<section aria-labelledby="against-title" class="against">
    <h2 id="against-title">
      Against <small>${first.name} ${first.version} : ${second.name} ${second.version}</small>
    </h2>
    ${warning === null ? null : html`<p class="unlike"><b>!</b> ${warning}.</p>`} ${forest(against)}
    ${figures(against)}
    <dl class="terms">
      ${ARMS.map(
        (arm) =>
          html`<dt>${against.arms[arm].name}: durability</dt>
            <dd>${durabilityTexts(against, arm).map((text) => html`<p>${text}</p>`)}</dd>
            <dt>${against.arms[arm].name}: client</dt>
            <dd>${clientText(against, arm)}</dd>`,
      )}
      ${
        against.skipped.length === 0
          ? null
          : html`<dt>Skipped</dt>
              <dd>${against.skipped.map((why) => html`<p>${why}</p>`)}</dd>`
      }
    </dl>
    <p class="notes">
      ${pairsText(against)}. A ratio is ${first.name} over ${second.name}: above 1 is more
      throughput, and longer latency. Figures are medians over the runs; response time.
    </p>
  </section>`;
}

/** Places on the axis, as shares of its length; the axis is logarithmic. */
export type Axis = { readonly at: (ratio: number) => number; readonly ticks: readonly number[] };

/** An axis that has room for 1 and for all of these. */
export function axisOf(ratios: readonly number[]): Axis {
  const low = Math.log(Math.min(1, ...ratios) / MARGIN);
  const high = Math.log(Math.max(1, ...ratios) * MARGIN);
  const at = (ratio: number): number =>
    Math.max(0, Math.min(1, (Math.log(ratio) - low) / (high - low)));
  const decades = Array.from({ length: 13 }, (_, i) => i - 6);
  for (const steps of [[1, 2, 5], [1]]) {
    const ticks = decades
      .flatMap((power) => steps.map((step) => Number((step * 10 ** power).toPrecision(1))))
      .filter((tick) => Math.log(tick) >= low && Math.log(tick) <= high);
    if (ticks.length <= TICKS_MAX) return { at, ticks };
  }
  return { at, ticks: [1] };
}

const percent = (share: number): string => `${(share * 100).toFixed(2)}%`;

function forest(against: Against): Markup {
  const all = against.cases.flatMap(({ ratio }) => RATIOS.map(({ id }) => ratio[id]));
  const axis = axisOf(
    all.flatMap(({ ratio, low, high, pairs }) => [ratio, low, high, ...pairs].filter(isNumber)),
  );
  const [first, second] = against.arms;
  return html`<figure class="ratios">
    <figcaption>
      <h3 id="ratios-title">Ratios <small>logarithmic; grey marks are single pairs</small></h3>
      <ul class="legend">
        <li><i class="swatch first"></i>${first.name} is ahead</li>
        <li><i class="swatch second"></i>${second.name} is ahead</li>
        <li><i class="swatch neither"></i>not told apart</li>
      </ul>
    </figcaption>
    ${against.cases.map(
      (one) =>
        html`<h4>${one.name}</h4>
          <ul class="rows">
            ${RATIOS.map(({ id, title, better }) =>
              row(title, one.ratio[id], axis, against, betterArm(one.ratio[id], better)),
            )}
          </ul>`,
    )}
    <div class="axis" aria-hidden="true">
      <div>
        ${axis.ticks.map((t) => html`<span style="left:${percent(axis.at(t))}">${t}×</span>`)}
      </div>
    </div>
  </figure>`;
}

const isNumber = (value: number | null): value is number => value !== null;
const TONES = ["first", "second"] as const;

function row(
  title: string,
  of: RatioInterval,
  { at }: Axis,
  { arms }: Against,
  ahead: 0 | 1 | null,
): Markup {
  const { ratio, low, high, pairs } = of;
  const left = (value: number): string => `left:${percent(at(value))}`;
  const interval =
    low === null || high === null
      ? null
      : html`<i class="interval" style="${left(low)};width:${percent(at(high) - at(low))}"></i>`;
  return html`<li class="${ahead === null ? "neither" : TONES[ahead]}">
    <b>${title}</b>
    <div class="lane">
      <i class="one" style="${left(1)}"></i>
      ${pairs.map((pair) => html`<i class="pair" style="${left(pair)}"></i>`)} ${interval}
      ${ratio === null ? null : html`<i class="estimate" style="${left(ratio)}"></i>`}
    </div>
    <span
      ><b>${ratioText(of)}</b> <small>${ratioIntervalText(of)}</small>
      <em class="sr">${ahead === null ? "not told apart" : `${arms[ahead].name} is ahead`}</em>
    </span>
  </li>`;
}

const figures = (against: Against): Markup =>
  scrollTable(
    { label: "Figures of both systems" },
    {
      columns: ["Case", "System", "Nodes", ...RATIOS.map(({ title }) => title), "not ok"],
      rows: against.cases.flatMap((one) => ARMS.map((arm) => figureRow(against, one, arm))),
    },
  );

const figureRow = ({ arms }: Against, one: AgainstCase, arm: 0 | 1): Markup => {
  const { nodes, notOk } = one.arms[arm];
  return html`<tr>
    <th scope="row">${one.name}</th>
    <td>${arms[arm].name}</td>
    <td>${nodes}</td>
    ${figureTexts(one.arms[arm]).map((text) => html`<td>${text}</td>`)}
    <td class="${notOk > 0 ? "some" : ""}">${count(notOk)}</td>
  </tr>`;
};
