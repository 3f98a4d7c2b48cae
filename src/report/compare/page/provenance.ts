import { html, type Markup } from "../../markup.ts";
import type { Comparison } from "../comparison.ts";
import { SIDE_FACTS } from "../words.ts";

/** Where both arms' figures come from, side by side; what differs is marked. */
export const provenanceOf = ({ base, head }: Comparison): Markup =>
  html`<section aria-labelledby="provenance-title">
    <h2 id="provenance-title">Provenance</h2>
    <table class="sides">
      <thead>
        <tr>
          <td></td>
          <th scope="col"><i class="swatch curve-0"></i>Base</th>
          <th scope="col"><i class="swatch curve-1"></i>Head</th>
        </tr>
      </thead>
      <tbody>
        ${SIDE_FACTS.map(([name, of]) => fact(name, of(base), of(head)))}
      </tbody>
    </table>
  </section>`;

const fact = (name: string, base: string, head: string): Markup =>
  html`<tr class="${base === head ? "" : "differs"}">
    <th scope="row">${name}${base === head ? null : html`<span class="sr"> (differs)</span>`}</th>
    <td>${base}</td>
    <td>${head}</td>
  </tr>`;
