import type { CurveData } from "../chart-data.ts";
import { html, type Markup } from "../markup.ts";

/** As many as there are colours. */
export const CURVES_MAX = 8;

export type CurveFigure = {
  /** Of the chart in the page (`data-chart`), unique. */
  readonly id?: string;
  readonly title?: string;
};

/** The place of a chart of percentile curves, which charts.client.js draws; null: nothing to draw. */
export function curveFigure(
  curve: CurveData | null,
  { id = "curve", title = "Percentiles" }: CurveFigure = {},
): Markup | null {
  if (curve === null) return null;
  const keys = curve.series.map(
    ({ name }, i) =>
      html`<li>
        <i class="swatch curve-${i % CURVES_MAX}"></i
        >${curve.series.length === 1 ? "response time" : name}
        <output data-value="curve-${i}"></output>
      </li>`,
  );
  return html`<figure class="plot">
    <figcaption>
      <h3 id="${id}-title">${title} <small>of response time, both axes logarithmic</small></h3>
      <ul class="legend">
        ${keys}
        <li class="when"><output data-value="when"></output></li>
      </ul>
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
      aria-valuetext="No percentile chosen"
    ></div>
  </figure>`;
}
