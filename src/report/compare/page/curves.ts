import { type CurveData, overlaid } from "../../chart-data.ts";
import { html, type Markup } from "../../markup.ts";
import { curveFigure } from "../../page/curves.ts";
import type { Comparison } from "../comparison.ts";

const CHARTS_MAX = 24;

export type CaseCurves = { readonly name: string; readonly data: CurveData };

/** Both arms' percentile curves of every case that both have, base first. */
export function caseCurves({ base, head }: Comparison): readonly CaseCurves[] {
  return base.curves.slice(0, CHARTS_MAX).flatMap(({ name, curve }) => {
    const other = head.curves.find((each) => each.name === name);
    if (other === undefined) return [];
    const arms = [
      { name: "base", curve },
      { name: "head", curve: other.curve },
    ];
    const data = overlaid(arms);
    return data === null ? [] : [{ name, data }];
  });
}

export function curvesSection(cases: readonly CaseCurves[]): Markup | null {
  if (cases.length === 0) return null;
  return html`<section aria-labelledby="curves-title">
    <h2 id="curves-title">Latency of both arms</h2>
    <p class="lead">
      Over all runs. Curves are looked at and not judged: requests of one run resemble each other
      too much.
    </p>
    <div class="curves">
      ${cases.map(({ name, data }, i) => curveFigure(data, { id: `curve-${i}`, title: name }))}
    </div>
  </section>`;
}
