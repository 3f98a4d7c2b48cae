import { shortName, type Evidence } from "../check/describe.ts";
import type { CheckResult, Method } from "../check/check.ts";
import type { Proof } from "../check/explain/proof.ts";
import { count, durationMs, plural } from "./format.ts";
import { html, type Markup } from "./markup.ts";
import { pageOf } from "./page-shell.ts";
import { badge } from "./page/badge.ts";
import chartsCss from "./page/charts.css" with { type: "text" };
import detailsCss from "./page/details.css" with { type: "text" };
import lanesCss from "./page/lanes.css" with { type: "text" };
import pageCss from "./page/page.css" with { type: "text" };
import proofCss from "./page/proof.css" with { type: "text" };
import { proofFigure } from "./page/proof.ts";
import tablesCss from "./page/tables.css" with { type: "text" };
import verdictCss from "./page/verdict.css" with { type: "text" };
import { keyFigures, stamp } from "./page/verdict.ts";
import windowJs from "./page/window.client.js" with { type: "text" };
import windowCss from "./page/window.css" with { type: "text" };
import { type Surroundings, windowFigure } from "./page/window.ts";
import { VERDICT_WORDS } from "./words.ts";

/** Longer texts are cut: only names from a history can be as long as that. */
const TEXT_MAX = 600;
const WITNESS_MAX = 30;

const STYLES = [
  ...[pageCss, verdictCss, chartsCss, lanesCss, tablesCss, detailsCss],
  ...[proofCss, windowCss],
];

export type CheckPage = {
  /** Name of the file that was checked. */
  readonly file: string;
  readonly result: CheckResult;
  /** From proofOf (check/explain/proof.ts). */
  readonly proof: Proof;
  /** How a legal order begins: of a pass, from `beginning` (check/explain/beginning.ts). */
  readonly witness: readonly Evidence[];
  /** How long the check took. */
  readonly ms: number;
  /** The exact command that checks it again. */
  readonly command: string;
  /** Of the run that the history is of, if a report lies beside it. */
  readonly around: Surroundings;
};

/**
 * The verdict on a history as one page that needs no network and no other file; below 1 MB for any
 * history, because the proof and its window are.
 */
export function renderCheckPage(check: CheckPage): string {
  const { result, file } = check;
  return pageOf({
    title: `${VERDICT_WORDS[result.kind]} · ${cut(file)}`,
    styles: STYLES,
    scripts: [windowJs],
    body: html`<a class="skip" href="#verdict">Skip to the verdict</a>
      <header class="head">
        <p class="kicker"><b>Ordeal</b> check of a history</p>
        <h1>${cut(file)}</h1>
      </header>
      <main>${verdict(check)} ${proof(check)} ${methods(check)} ${witness(check)}</main>`,
  });
}

const cut = (text: string): string =>
  text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text;

const CLAIMS = {
  pass: "Linearizable: there is an order that explains every answer, and it was replayed.",
  fail: "Not linearizable.",
  unknown: "Neither proved nor refuted.",
} as const;

function verdict({ result, ms, command }: CheckPage): Markup {
  const figures = [
    ["Operations", count(result.operations), ""],
    ["Keys", count(result.keys), ""],
    ["Took", durationMs(ms), ""],
  ] as const;
  return html`<section
    id="verdict"
    class="verdict ${result.kind}"
    aria-labelledby="verdict-word"
    tabindex="-1"
  >
    ${stamp(result.kind, VERDICT_WORDS[result.kind], CLAIMS[result.kind])} ${keyFigures(figures)}
    <div class="repeat">
      <span id="repeat-label">Check it again</span>
      <code id="repeat" tabindex="0" aria-labelledby="repeat-label repeat">${cut(command)}</code>
    </div>
  </section>`;
}

/** Why it is illegal, or where it got stuck. */
function proof({
  result,
  proof: { operations, arrows, window },
  around,
}: CheckPage): Markup | null {
  if (result.kind === "pass") return null;
  const isFail = result.kind === "fail";
  const text = isFail ? result.sentence : result.detail;
  const left = isFail ? result.core.length - operations.length : 0;
  return html`<section aria-labelledby="why-title">
    <h2 id="why-title">${isFail ? "Why" : "Where it got stuck"}</h2>
    <p class="sentence">Key <code>${shortName(result.key)}</code>: ${cut(text)}</p>
    ${isFail ? null : stuckNote(result)} ${proofFigure(operations, arrows)}
    ${left > 0 ? html`<p class="more">${plural(left, "more operation")} take part.</p>` : null}
    ${window === null ? null : windowFigure(window, around)}
  </section>`;
}

const stuckNote = (result: Extract<CheckResult, { kind: "unknown" }>): Markup =>
  html`<p class="lead">
    Out of ${result.limit}. ${plural(result.unsettled, "key")} could not be settled. The longest
    legal order that was found holds ${plural(result.prefix.length, "operation")}; the first to
    return of those that it does not hold is marked below.
  </p>`;

const METHODS: Readonly<Record<Method, string>> = {
  certificate: "log index: the order that the servers told, replayed",
  versioned: "versions: each put has its place",
  append: "appends: texts only grow",
  register: "register: values that one write leaves",
  insertion: "refused compare-and-sets, inserted into the order of the others",
  search: "exact search",
};

function methods({ result }: CheckPage): Markup | null {
  if (result.kind !== "pass") return null;
  const used = Object.entries(result.settledBy).filter(([, keys]) => keys > 0);
  if (used.length === 0) return null;
  return html`<section aria-labelledby="methods-title">
    <h2 id="methods-title">What proved it</h2>
    <ul class="checks">
      ${used.map(
        ([method, keys]) =>
          html`<li class="pass">
            <div class="check">
              ${badge("pass")}
              <h3>${plural(keys, "key")}</h3>
              <p>${METHODS[method as Method]}</p>
            </div>
          </li>`,
      )}
    </ul>
  </section>`;
}

function witness({ witness: ops }: CheckPage): Markup | null {
  if (ops.length === 0) return null;
  return html`<section aria-labelledby="witness-title">
    <h2 id="witness-title">How the order begins</h2>
    <p class="lead">
      The first operations of one key, in an order in which they can have taken effect.
    </p>
    <ol class="arrows">
      ${ops
        .slice(0, WITNESS_MAX)
        .map(
          (op, i) => html`<li><b>${i + 1}</b> client ${op.process}: <code>${op.text}</code></li>`,
        )}
    </ol>
  </section>`;
}
