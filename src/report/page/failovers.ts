import { type RoleRow, type Spread, failoversByRole } from "../failover-roles.ts";
import { clock, count, durationMs } from "../format.ts";
import { html, type Markup } from "../markup.ts";
import type { Report } from "../schema.ts";
import { scrollTable } from "./table.ts";

const ROWS_MAX = 200;

export function failoverSection({ failovers, timeline }: Report): Markup | null {
  const byRole = timeline === null ? [] : failoversByRole(timeline, failovers);
  if (failovers.length === 0 && byRole.length === 0) return null;
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
    ${byRole.length === 0 ? null : roleTable(byRole)}
    ${failovers.length === 0 ? html`<p class="more">No fault brought about a change of leader.</p>` : eachTable(rows)}
    ${rest > 0 ? html`<p class="more">${rest} more in report.json.</p>` : null}
  </section>`;
}

const spreadText = (of: Spread | null): string =>
  of === null ? "–" : `${durationMs(of.median)} · ${durationMs(of.worst)}`;

/** Fault × role: what each kind of fault did to whom. Times are median · worst. */
const roleTable = (rows: readonly RoleRow[]): Markup =>
  html`<h3 id="roles-title">By fault and role <small>median · worst</small></h3>
    ${scrollTable(
      { labelledBy: "roles-title" },
      {
        columns: ["Fault", "Hit", "Times", "Failovers", "Elected", "First write"],
        rows: rows.map(
          ({ fault, role, hits, failovers, elected, firstAck }) =>
            html`<tr>
              <th scope="row">${fault}</th>
              <td>${role}</td>
              <td>${count(hits)}</td>
              <td>${count(failovers)}</td>
              <td>${spreadText(elected)}</td>
              <td>${spreadText(firstAck)}</td>
            </tr>`,
        ),
      },
    )}`;

const eachTable = (rows: readonly Markup[]): Markup =>
  html`<h3 id="each-title">One by one</h3>
    ${scrollTable(
      { labelledBy: "each-title" },
      { columns: ["Fault", "At", "Leader", "Elected", "First write"], rows },
    )}`;
