import { clock, duration, durationMs, NOTHING, rate } from "../format.ts";
import { html, type Markup } from "../markup.ts";
import type { FaultProbe, PhaseFigures, Report } from "../schema.ts";
import { unavailableText } from "../words.ts";
import { scrollTable } from "./table.ts";

const ROWS_MAX = 100;
const COLUMNS = [
  ...["Fault", "At", "Before", "During", "After", "Detected", "Elected", "First write"],
  "95 % again",
];

/** How service fared before, during and after each fault. */
export function probesSection({ probes, timeline }: Report): Markup | null {
  if (probes === undefined || probes.faults.length === 0) return null;
  const rest = probes.faults.length - ROWS_MAX;
  const startUs = timeline?.startUs ?? probes.faults[0]!.fromUs;
  return html`<section aria-labelledby="probes-title">
    <h2 id="probes-title">Service around each fault</h2>
    <p class="lead">
      Acknowledged operations a second and the worst p99 before, during and after; times count from
      the moment the fault was in force. ${unavailableText(probes)}.
    </p>
    ${scrollTable(
      { labelledBy: "probes-title" },
      {
        columns: COLUMNS,
        rows: probes.faults.slice(0, ROWS_MAX).map((probe) => row(probe, startUs)),
      },
    )}
    ${rest > 0 ? html`<p class="more">${rest} more in report.json.</p>` : null}
  </section>`;
}

const row = (probe: FaultProbe, startUs: number): Markup =>
  html`<tr>
    <th scope="row">${probe.label}</th>
    <td>${clock(probe.fromUs - startUs)}</td>
    <td>${phase(probe.before)}</td>
    <td>${phase(probe.during)}</td>
    <td>${phase(probe.after)}</td>
    <td>${durationMs(probe.detectedMs)}</td>
    <td>${durationMs(probe.electedMs)}</td>
    <td>${durationMs(probe.firstAckMs)}</td>
    <td>${probe.backAfterMs === 0 ? "never below" : durationMs(probe.backAfterMs)}</td>
  </tr>`;

const phase = ({ throughput, p99Us }: PhaseFigures): string =>
  p99Us === null
    ? throughput === 0
      ? NOTHING
      : rate(throughput)
    : `${rate(throughput)}, ${duration(p99Us)}`;
