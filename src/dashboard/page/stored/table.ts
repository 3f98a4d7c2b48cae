import { duration, durationMs, moment, rate } from "../../../report/format.ts";
import type { StoredRow } from "../../reports/document.ts";
import { el } from "../element.ts";
import { badge } from "../fields.ts";

const TITLES = ["Compare", "Verdict", "Run", "Target", "Started", "Lasted", "ops/s", "p99", "Seed"];

/** The rows as a table; on a telephone each is a card. `pick` is told of a box that was ticked. */
export function storedTable(
  rows: readonly StoredRow[],
  picked: readonly string[],
  pick: (folder: string) => void,
): HTMLElement {
  const head = el("tr", {}, ...TITLES.map((title) => el("th", { scope: "col" }, title)));
  const body = rows.map((row) => rowOf(row, picked, pick));
  return el(
    "div",
    { class: "scroll", role: "group", "aria-labelledby": "stored-title", tabindex: 0 },
    el("table", { class: "stored" }, el("thead", {}, head), el("tbody", {}, ...body)),
  );
}

function rowOf(
  row: StoredRow,
  picked: readonly string[],
  pick: (folder: string) => void,
): HTMLElement {
  const { verdict, verdictText, target, startedAt, throughput, p99Us, seed } = row;
  const cell = (title: string, ...content: readonly (Node | string | null)[]): HTMLElement =>
    el("td", { "data-title": title }, ...content);
  return el(
    "tr",
    {},
    cell("Compare", boxOf(row, picked, pick)),
    cell("Verdict", badge(verdict, verdictText ?? undefined)),
    el("th", { scope: "row", "data-title": "Run" }, ...nameOf(row)),
    cell("Target", target || "–"),
    cell("Started", startedAt === null ? "–" : moment(startedAt)),
    cell("Lasted", durationMs(row.durationMs)),
    cell("Throughput", rate(throughput)),
    cell("p99", duration(p99Us)),
    cell("Seed", seed === null ? "–" : String(seed)),
  );
}

function nameOf({
  href,
  kind,
  name,
  folder,
  failed,
  artifacts,
  problem,
}: StoredRow): readonly Node[] {
  const open = { href: href ?? "", target: "_blank", rel: "noopener" };
  const runId = folder.split("/").at(-1) ?? "";
  return [
    href === null ? el("b", {}, name || folder) : el("a", open, name),
    el("small", {}, `${kind} · ${runId}`),
    ...(failed.length === 0 ? [] : [el("small", {}, `not held: ${failed.join(", ")}`)]),
    ...(artifacts.length === 0 ? [] : [artifactsOf(artifacts)]),
    ...(problem === null ? [] : [el("small", { class: "why" }, problem)]),
  ];
}

/** Their links work here: a stored page is sandboxed, and may not ask for them. */
const artifactsOf = (artifacts: StoredRow["artifacts"]): HTMLElement =>
  el(
    "details",
    {},
    el("summary", {}, `${artifacts.length} artifacts`),
    el(
      "ul",
      {},
      ...artifacts.map(({ name, href }) =>
        el("li", {}, el("a", { href, target: "_blank", rel: "noopener" }, name)),
      ),
    ),
  );

/** Comparisons, and what cannot be read, have nothing to compare. */
function boxOf(
  { folder, kind, name, verdict }: StoredRow,
  picked: readonly string[],
  pick: (folder: string) => void,
): HTMLElement | null {
  if (kind === "compare" || verdict === "damaged") return null;
  const box = el("input", {
    ...{ type: "checkbox", "aria-label": `Compare ${name} ${folder.split("/").at(-1) ?? ""}` },
    ...{ "data-folder": folder, onchange: () => pick(folder) },
  });
  box.checked = picked.includes(folder);
  return box;
}
