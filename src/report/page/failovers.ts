import { clock, durationMs } from "../format.ts";
import { html, type Markup } from "../markup.ts";
import type { Report } from "../schema.ts";

const ROWS_MAX = 200;

export function failoverSection({ failovers, timeline }: Report): Markup | null {
  if (failovers.length === 0) return null;
  const rest = failovers.length - ROWS_MAX;
  const rows = failovers.slice(0, ROWS_MAX).map(
    (f) =>
      html`<tr>
        <th scope="row">${f.fault}</th>
        <td>${timeline === null ? "–" : clock(f.faultAtUs - timeline.startUs)}</td>
        <td>${f.oldLeader} → ${f.newLeader ?? "none"}</td>
        <td>${f.electedMs === null ? "not elected" : durationMs(f.electedMs)}</td>
        <td>${f.firstAckMs === null ? "no write" : durationMs(f.firstAckMs)}</td>
      </tr>`,
  );
  return html`<section aria-labelledby="failovers-title">
    <h2 id="failovers-title">Failovers</h2>
    <p class="lead">
      From the moment the fault was in force to a new leader, and to the first acknowledged write
      that was invoked after it.
    </p>
    <div class="scroll" role="region" aria-labelledby="failovers-title" tabindex="0">
      <table>
        <thead>
          <tr>
            <th scope="col">Fault</th>
            <th scope="col">At</th>
            <th scope="col">Leader</th>
            <th scope="col">Elected</th>
            <th scope="col">First write</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
    ${rest > 0 ? html`<p class="more">${rest} more in report.json.</p>` : null}
  </section>`;
}
