import { html, type Markup } from "../markup.ts";

export type ChartBox = {
  /** Of the chart in the page (`data-chart`), unique. */
  readonly id: string;
  readonly title: string;
  /** Of what, in what scale: small, behind the title. */
  readonly about: string;
  /** Its keys: a `li` each, with an `output` for the value at the cursor. */
  readonly keys: readonly Markup[];
  /** Read aloud in place of what is drawn. */
  readonly summary?: string;
  /** What its cursor says while it is nowhere. */
  readonly nothingChosen: string;
};

/** The place of a chart that charts.client.js draws: a slider, so that arrow keys move its cursor. */
export const chartBox = ({ id, title, about, keys, summary, nothingChosen }: ChartBox): Markup =>
  html`<figure class="plot">
    <figcaption>
      <h3 id="${id}-title">${title} <small>${about}</small></h3>
      <ul class="legend">
        ${keys}
        <li class="when"><output data-value="when"></output></li>
      </ul>
      ${summary === undefined ? null : html`<p class="sr">${summary}</p>`}
    </figcaption>
    <div
      class="chart"
      data-chart="${id}"
      tabindex="0"
      role="slider"
      aria-labelledby="${id}-title"
      aria-valuemin="0"
      aria-valuemax="0"
      aria-valuenow="0"
      aria-valuetext="${nothingChosen}"
    ></div>
  </figure>`;
