import type { CurveData } from "../chart-data.ts";
import { html, type Markup } from "../markup.ts";
import { chartBox } from "./chart-box.ts";

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
  const about = "of response time, both axes logarithmic";
  return chartBox({ id, title, about, keys, nothingChosen: "No percentile chosen" });
}
