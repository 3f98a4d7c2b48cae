import { plural } from "../format.ts";
import { html, type Markup, trusted } from "../markup.ts";
import type { Report, Verdict } from "../schema.ts";

/** How a verdict is said: never by colour alone. */
export type VerdictWords = { readonly word: string; readonly icon: Markup };

const icon = (path: string): Markup =>
  trusted(
    `<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d="${path}"/></svg>`,
  );

const WORDS: Readonly<Record<Verdict, VerdictWords>> = {
  pass: { word: "Pass", icon: icon("M5 12.5l4.5 4.5L19 7.5") },
  fail: { word: "Fail", icon: icon("M6.5 6.5l11 11M17.5 6.5l-11 11") },
  unknown: {
    word: "Unknown",
    icon: icon("M8.5 9a3.5 3.5 0 1 1 5 3.2c-1 .5-1.5 1.1-1.5 2.3M12 18v.5"),
  },
};

export const verdictOf = (verdict: Verdict): VerdictWords => WORDS[verdict];

/** The verdict in one sentence, naming the checks that decided it. */
export function verdictSentence({ verdict, checks }: Report): string {
  const named = (kind: Verdict): string =>
    checks
      .filter((check) => check.verdict === kind)
      .map((check) => check.name)
      .join(", ");
  if (verdict === "fail") return `Correctness is violated: ${named("fail") || "see below"}.`;
  if (verdict === "unknown") return `Not proved either way: ${named("unknown") || "see below"}.`;
  if (checks.length === 0) return "The run completed; nothing was checked.";
  return checks.length === 1
    ? `${checks[0]!.name}: checked and held.`
    : `All ${plural(checks.length, "check")} held.`;
}

/** A small word with an icon, for tables and lists. */
export const badge = (verdict: Verdict): Markup =>
  html`<span class="badge ${verdict}">${WORDS[verdict].icon}${WORDS[verdict].word}</span>`;

/** `node 3`, `nodes 1, 4`, or nothing. */
export const nodesText = (nodes: readonly number[]): string =>
  nodes.length === 0 ? "" : `${nodes.length === 1 ? "node" : "nodes"} ${nodes.join(", ")}`;
