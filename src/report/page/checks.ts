import { clock, duration } from "../format.ts";
import { html, type Markup } from "../markup.ts";
import type { Check, EvidenceOp, Report } from "../schema.ts";
import { badge } from "./badge.ts";
import { proofFigure } from "./proof.ts";
import { type Surroundings, windowFigure } from "./window.ts";

const EVIDENCE_MAX = 6;

export function checksSection(report: Report): Markup | null {
  return checkList(report.checks, {
    timeline: report.timeline,
    nodes: report.target.nodes,
  });
}

/** Checks, failed ones first. `around`: of the run they are of. */
export function checkList(
  checks: readonly Check[],
  around: Surroundings = { timeline: null, nodes: 0 },
): Markup | null {
  if (checks.length === 0) return null;
  const startUs = around.timeline?.startUs ?? null;
  return html`<section aria-labelledby="checks-title">
    <h2 id="checks-title">Checks</h2>
    <ul class="checks">
      ${bySeverity(checks).map((check) => checkItem(check, startUs, around))}
    </ul>
  </section>`;
}

const SEVERITY = ["fail", "unknown", "pass"];
const bySeverity = (checks: readonly Check[]): readonly Check[] =>
  [...checks].sort((a, b) => SEVERITY.indexOf(a.verdict) - SEVERITY.indexOf(b.verdict));

const checkItem = (check: Check, startUs: number | null, around: Surroundings): Markup =>
  html`<li class="${check.verdict}">
    <div class="check">
      ${badge(check.verdict)}
      <h3>${check.name}</h3>
      <p>${check.detail}</p>
    </div>
    ${isNumbered(check) ? proofFigure(check.evidence, check.arrows ?? []) : evidence(check, startUs)}
    ${check.window === undefined ? null : windowFigure(check.window, around)}
  </li>`;

/** Whether the order of events is known, and not only their times. */
const isNumbered = ({ evidence }: Check): boolean =>
  evidence.length > 0 && evidence.every(({ events }) => events !== undefined);

/** The proof, an operation a row: its bar runs from invocation to return, on one time axis. */
function evidence(check: Check, startUs: number | null): Markup | null {
  if (check.evidence.length === 0) return null;
  const ops = check.evidence.slice(0, EVIDENCE_MAX);
  const from = Math.min(...ops.map((op) => op.callUs));
  const last = Math.max(...ops.map((op) => op.returnUs ?? op.callUs));
  const open = ops.some((op) => op.returnUs === null);
  // An operation that never returned gets a tail beyond the last event.
  const to = from + Math.max(1, (last - from) * (open ? 1.12 : 1));
  const origin = startUs === null ? null : html` at ${clock(from - startUs)}`;
  return html`<figure class="evidence">
    <figcaption>
      The ${check.evidence.length === 1 ? "operation" : "operations"} that prove it, in order of
      invocation. The first was invoked${origin}.
    </figcaption>
    <ol>
      ${ops.map((op) => evidenceRow(op, from, to))}
    </ol>
  </figure>`;
}

function evidenceRow(op: EvidenceOp, from: number, to: number): Markup {
  const at = (us: number): string => `${(2 + ((us - from) / (to - from)) * 96).toFixed(2)}%`;
  const x1 = at(op.callUs);
  const x2 = at(op.returnUs ?? to);
  const after = op.callUs === from ? "first" : `+${duration(op.callUs - from)}`;
  const took =
    op.returnUs === null ? "never returned" : `took ${duration(op.returnUs - op.callUs)}`;
  const when = `${after}, ${took}`;
  const ends =
    op.returnUs === null
      ? html`<circle cx="${x1}" cy="8" r="4" />`
      : html`<circle cx="${x1}" cy="8" r="4" /><circle cx="${x2}" cy="8" r="4" />`;
  return html`<li>
    <span class="who">client ${op.process}</span>
    <code>${op.text}</code>
    <svg
      class="span${op.returnUs === null ? " open" : ""}"
      height="16"
      role="img"
      aria-label="${when}"
    >
      <title>${when}</title>
      <line class="rail" x1="0" x2="100%" y1="8" y2="8" />
      <line x1="${x1}" x2="${x2}" y1="8" y2="8" />
      ${ends}
    </svg>
    <small>${when}</small>
  </li>`;
}
