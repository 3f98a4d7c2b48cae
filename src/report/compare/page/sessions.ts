import { moment, plural } from "../../format.ts";
import { html, type Markup } from "../../markup.ts";
import { badge } from "../../page/badge.ts";
import type { Comparison, Session } from "../comparison.ts";
import { metricsTable } from "./metrics.ts";

/** What each session of pairs found, and the canaries that moved during it. */
export function sessionsSection({ sessions }: Comparison): Markup | null {
  if (sessions.length === 0) return null;
  return html`<section aria-labelledby="sessions-title">
    <h2 id="sessions-title">Sessions</h2>
    <p class="lead">
      A regression counts only if a second session, which measures the flagged metrics alone, finds
      it again. A canary that moves between the arms is the machine's doing, and then nothing is
      proved.
    </p>
    ${sessions.map(session)}
  </section>`;
}

function session({ startedAt, pairs, looks, metrics, canaries }: Session, i: number): Markup {
  const what = i === 0 ? "First session" : "Confirmation";
  const facts = `${plural(pairs, "pair")}, ${plural(looks, "look")}, ${moment(startedAt)}`;
  return html`<h3 id="session-${i}">${what} <small>${facts}</small></h3>
    ${
      canaries.length === 0
        ? html`<p class="lead">No canary moved.</p>`
        : html`<p class="lead" id="canaries-${i}">
              What the machine did by itself differed between the arms:
            </p>
            ${metricsTable(canaries, `canaries-${i}`, () => badge("unknown", "moved"))}`
    }
    <details>
      <summary>${plural(metrics.length, "metric")}</summary>
      ${metricsTable(metrics, `session-${i}`)}
    </details>`;
}
