import { count } from "./format.ts";
import { html, type Markup } from "./markup.ts";
import { pageOf } from "./page-shell.ts";
import pageCss from "./page/page.css" with { type: "text" };
import { type RunRow, runsTable, verdictOf } from "./page/runs.ts";
import runsCss from "./page/runs.css" with { type: "text" };
import runsJs from "./page/runs.client.js" with { type: "text" };
import tablesCss from "./page/tables.css" with { type: "text" };
import verdictCss from "./page/verdict.css" with { type: "text" };

const CHOICES = [
  ["", "All"],
  ["fail", "Fail"],
  ["unknown", "Unknown"],
  ["pass", "Pass"],
  ["damaged", "Damaged"],
] as const;

/**
 * All runs of a reports directory as one page, whose links go to the pages beside it: it works from
 * file:// and needs no network. The same rows give the same page.
 */
export function renderIndex(rows: readonly RunRow[]): string {
  return pageOf({
    title: "Runs",
    styles: [pageCss, verdictCss, tablesCss, runsCss],
    scripts: [runsJs],
    bodyClass: "index",
    body: html`<a class="skip" href="#runs">Skip to the runs</a>
      <header class="head">
        <p class="kicker"><b>Ordeal</b> reports</p>
        <h1>Runs</h1>
        <p class="facts">${CHOICES.slice(1).map(([id, name]) => tally(rows, id, name))}</p>
      </header>
      <main>
        <section aria-labelledby="runs-title">
          <h2 id="runs-title" class="sr">All runs</h2>
          ${filters()} ${rows.length === 0 ? null : runsTable(rows)}
          <p class="more" id="shown" role="status">
            ${rows.length === 0 ? "No run yet: ordeal demo makes one." : `${count(rows.length)} runs`}
          </p>
        </section>
      </main>`,
  });
}

function tally(rows: readonly RunRow[], id: string, name: string): Markup | null {
  const many = rows.filter((row) => verdictOf(row) === id).length;
  return many === 0 ? null : html`<span>${count(many)} ${name.toLowerCase()}</span>`;
}

const filters = (): Markup =>
  html`<form class="filters" role="search" aria-label="Runs">
    <label for="text">Filter</label>
    <input
      id="text"
      type="search"
      placeholder="name, kind, seed, run…"
      autocomplete="off"
      spellcheck="false"
    />
    <fieldset>
      <legend class="sr">Verdict</legend>
      ${CHOICES.map(
        ([id, name]) =>
          html`<label
            ><input
              type="radio"
              name="verdict"
              value="${id}"
              ${id === "" ? html`checked` : null}
            /><span>${name}</span></label
          >`,
      )}
    </fieldset>
  </form>`;
