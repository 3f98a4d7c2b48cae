import { duration, durationMs, moment, rate } from "../format.ts";
import { html, type Markup } from "../markup.ts";
import type { Report, Verdict } from "../schema.ts";
import { COMPARISON_WORDS, verdictTone } from "../compare/words.ts";
import { badge } from "./badge.ts";
import type { ComparisonRow } from "./comparison-row.ts";

/** A run or comparison as the index lists it. `folder` is relative to the index, with slashes. */
export type RunRow =
  | ComparisonRow
  | {
      readonly kind: "run";
      readonly folder: string;
      readonly run: Pick<
        Report,
        "kind" | "name" | "runId" | "startedAt" | "durationMs" | "seed" | "verdict" | "command"
      >;
      /** Of a run with one load; null otherwise. Operations a second; µs. */
      readonly throughput: number | null;
      readonly p99Us: number | null;
    }
  /** A folder whose file cannot be read, and why. */
  | {
      readonly kind: "damaged";
      readonly folder: string;
      readonly file: string;
      readonly what: string;
    };

/** What the index says of a report in `folder`. */
export function runRow(report: Report, folder: string): RunRow {
  const { kind, name, runId, startedAt, durationMs: lasted, seed, verdict, command } = report;
  const result = report.loads.length === 1 ? report.loads[0]!.result : null;
  return {
    kind: "run",
    folder,
    run: { kind, name, runId, startedAt, durationMs: lasted, seed, verdict, command },
    throughput: result?.throughput ?? null,
    p99Us: result?.response.p99 ?? null,
  };
}

/** What a column shows, and by what it is sorted; null sorts last. */
type Column = {
  readonly title: string;
  readonly id: string;
  readonly key: (row: RunRow) => string | number | null;
  readonly cell: (row: RunRow) => string | Markup;
};

const ORDER: Readonly<Record<Verdict | "damaged", number>> = {
  fail: 0,
  damaged: 1,
  unknown: 2,
  pass: 3,
};

/** As it is filtered and sorted by: that of a comparison as what its colour says. */
export function verdictOf(row: RunRow): Verdict | "damaged" {
  if (row.kind === "comparison") return verdictTone(row.comparison.verdict);
  return row.kind === "run" ? row.run.verdict : "damaged";
}

/** What both a run and a comparison have; null of a damaged one. */
const factsOf = (row: RunRow): Pick<Report, "runId" | "startedAt" | "durationMs"> | null =>
  row.kind === "run" ? row.run : row.kind === "comparison" ? row.comparison : null;

/** `20251121T024410123Z-42` begins with the time: also that of a run whose report is damaged. */
function startedAt(row: RunRow): string | null {
  const facts = factsOf(row);
  if (facts !== null) return facts.startedAt;
  const id = /(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)\d*Z[^/]*$/.exec(row.folder);
  return id === null ? null : `${id[1]}-${id[2]}-${id[3]}T${id[4]}:${id[5]}:${id[6]}Z`;
}

const figure = (
  id: string,
  title: string,
  of: (row: RunRow & { kind: "run" }) => Figure,
): Column => ({
  id,
  title,
  key: (row) => (row.kind === "run" ? of(row).value : null),
  cell: (row) => (row.kind === "run" ? of(row).text : "–"),
});
type Figure = { readonly value: number | null; readonly text: string };

const COLUMNS: readonly Column[] = [
  {
    ...{ id: "verdict", title: "Verdict" },
    key: (row) => ORDER[verdictOf(row)],
    cell: verdictCell,
  },
  {
    ...{ id: "name", title: "Run" },
    key: nameKey,
    cell: nameCell,
  },
  {
    ...{ id: "started", title: "Started" },
    key: startedAt,
    cell: (row) => moment(startedAt(row) ?? "–"),
  },
  figure("throughput", "Throughput", ({ throughput: value }) => ({ value, text: rate(value) })),
  figure("p99", "p99", ({ p99Us: value }) => ({ value, text: duration(value) })),
  {
    ...{ id: "duration", title: "Duration" },
    key: (row) => factsOf(row)?.durationMs ?? null,
    cell: (row) => durationMs(factsOf(row)?.durationMs),
  },
  figure("seed", "Seed", ({ run }) => ({ value: run.seed, text: String(run.seed) })),
];

/** The newest first; those without a time at the end. */
export const newestFirst = (rows: readonly RunRow[]): readonly RunRow[] =>
  rows.toSorted((a, b) => {
    const [left, right] = [startedAt(a) ?? "", startedAt(b) ?? ""];
    return left === right ? (a.folder < b.folder ? 1 : -1) : left < right ? 1 : -1;
  });

/** Every run a row, the newest first. The buttons of its head do nothing without runs.client.js. */
export function runsTable(rows: readonly RunRow[]): Markup {
  return html`<div class="scroll" role="group" aria-labelledby="runs-title" tabindex="0">
    <table id="runs">
      <thead>
        <tr>
          ${COLUMNS.map(
            ({ id, title }) =>
              html`<th scope="col" ${id === "started" ? html`aria-sort="descending"` : null}>
                <button type="button" data-sort="${id}">${title}</button>
              </th>`,
          )}
        </tr>
      </thead>
      <tbody>
        ${newestFirst(rows).map(tableRow)}
      </tbody>
    </table>
  </div>`;
}

const tableRow = (row: RunRow): Markup =>
  html`<tr data-verdict="${verdictOf(row)}">
    ${COLUMNS.map(({ id, title, key, cell }) => {
      const data = html`data-key="${key(row)}" data-title="${title}"`;
      return id === "name"
        ? html`<th scope="row" ${data}>${cell(row)}</th>`
        : html`<td class="${id}" ${data}>${cell(row)}</td>`;
    })}
  </tr>`;

function verdictCell(row: RunRow): Markup {
  if (row.kind === "damaged") return html`<span class="badge damaged">Damaged</span>`;
  if (row.kind === "run") return badge(row.run.verdict);
  const { verdict } = row.comparison;
  return badge(verdictTone(verdict), COMPARISON_WORDS[verdict]);
}

function nameKey(row: RunRow): string {
  if (row.kind === "damaged") return row.folder;
  return row.kind === "run" ? `${row.run.kind} ${row.run.name}` : row.comparison.title;
}

function nameCell(row: RunRow): Markup {
  const href = (file: string): string =>
    [...row.folder.split("/"), file].map((part) => encodeURIComponent(part)).join("/");
  if (row.kind === "damaged")
    return html`<a href="${href(row.file)}">${row.folder}</a> <small>${row.what}</small>`;
  if (row.kind === "comparison") {
    const { title, arms, runId } = row.comparison;
    return html`<a href="${href("comparison.html")}">${title}</a>
      <small>${arms} · ${runId}</small>`;
  }
  const { kind, name, runId } = row.run;
  return html`<a href="${href("report.html")}">${name}</a> <small>${kind} · ${runId}</small>`;
}
