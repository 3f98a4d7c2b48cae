import { html, type Markup, trusted } from "../markup.ts";
import type { Verdict } from "../schema.ts";
import { VERDICT_WORDS } from "../words.ts";

const PATHS: Readonly<Record<Verdict, string>> = {
  pass: "M5 12.5l4.5 4.5L19 7.5",
  fail: "M6.5 6.5l11 11M17.5 6.5l-11 11",
  unknown: "M8.5 9a3.5 3.5 0 1 1 5 3.2c-1 .5-1.5 1.1-1.5 2.3M12 18v.5",
};

/** A tick, a cross or a question mark in the colour of the text around it. */
export const verdictIcon = (verdict: Verdict): Markup =>
  trusted(
    `<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d="${PATHS[verdict]}"/></svg>`,
  );

/** A small word with its icon, for tables and lists. */
export const badge = (verdict: Verdict, word: string = VERDICT_WORDS[verdict]): Markup =>
  html`<span class="badge ${verdict}">${verdictIcon(verdict)}${word}</span>`;
