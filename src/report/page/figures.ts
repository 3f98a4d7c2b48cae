import { figureText, goalMet, goalText } from "../figures.ts";
import { html, type Markup } from "../markup.ts";
import type { Figure, Report } from "../schema.ts";
import { verdictIcon } from "./badge.ts";
import { scrollTable } from "./table.ts";

/** What a bench of parts measured: a row a figure, with its goal and whether it was met. */
export function figuresSection({ figures }: Report): Markup | null {
  if (figures === undefined || figures.length === 0) return null;
  return html`<section aria-labelledby="measured-title">
    <h2 id="measured-title">Figures</h2>
    ${scrollTable(
      { labelledBy: "measured-title" },
      {
        columns: ["Figure", "Value", "Goal", "Result", "How"],
        rows: figures.map(row),
        className: "measured",
      },
    )}
    <p class="notes">
      A goal is what is aimed at; a missed one says nothing about correctness. Digits do not carry
      over to another machine; ratios do.
    </p>
  </section>`;
}

const row = (figure: Figure): Markup =>
  html`<tr>
    <th scope="row">${figure.name}</th>
    <td>${figureText(figure.value, figure.unit)}</td>
    <td>${goalText(figure)}</td>
    <td>${mark(figure)}</td>
    <td class="note">${figure.note}</td>
  </tr>`;

function mark(figure: Figure): Markup | null {
  const met = goalMet(figure);
  if (met === null) return null;
  const kind = met ? "pass" : "fail";
  return html`<span class="badge ${kind}">${verdictIcon(kind)}${met ? "met" : "missed"}</span>`;
}
