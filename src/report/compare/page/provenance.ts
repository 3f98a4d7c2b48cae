import { bytes } from "../../format.ts";
import { html, type Markup } from "../../markup.ts";
import type { Comparison, Side } from "../comparison.ts";
import { codeText } from "../words.ts";

const FACTS: readonly (readonly [name: string, of: (side: Side) => string])[] = [
  ["What", ({ label }) => label],
  ["Arm", ({ about }) => about],
  ["Code", ({ code }) => codeText(code)],
  ["CPU", ({ environment: m }) => `${m.cpu}, ${m.cores} cores`],
  ["Memory", ({ environment: m }) => bytes(m.memoryBytes)],
  ["System", ({ environment: m }) => `${m.os}, kernel ${m.kernel}`],
  ["Bun", ({ environment: m }) => m.bun],
];

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
        ${FACTS.map(([name, of]) => fact(name, of(base), of(head)))}
      </tbody>
    </table>
  </section>`;

const fact = (name: string, base: string, head: string): Markup =>
  html`<tr class="${base === head ? "" : "differs"}">
    <th scope="row">${name}${base === head ? null : html`<span class="sr"> (differs)</span>`}</th>
    <td>${base}</td>
    <td>${head}</td>
  </tr>`;
