import { writeFile } from "node:fs/promises";
import { closest } from "../../lib/suggest.ts";
import { UserError } from "../../lib/user-error.ts";
import { type History, historiesOf } from "../../report/compare/history.ts";
import { historyPage } from "../../report/compare/history-page.ts";
import { historyLines } from "../../report/compare/history-terminal.ts";
import { readReports } from "../../report/read-reports.ts";
import { useColours } from "../colours.ts";
import { writeAsked } from "../write-asked.ts";

export type HistoryFlags = {
  readonly dir: string;
  readonly name: string | undefined;
  readonly metric: string | undefined;
  readonly json: boolean;
  readonly html: string | undefined;
};

/** Prints the histories of the reports below a directory. Throws UserError when there is nothing to show. */
export async function runHistory(flags: HistoryFlags): Promise<void> {
  const { reports, damaged } = await readReports(flags.dir);
  for (const { file, what } of damaged) console.error(`left out ${file}: ${what}`);
  const histories = chosen(historiesOf(reports), flags);
  if (flags.html !== undefined) await writeAsked(flags.html, writeFile, historyPage(histories));
  if (flags.json) {
    console.log(JSON.stringify({ histories, damaged }, null, 1));
    return;
  }
  const colour = useColours(process.stdout);
  const blocks = histories.map((history) => historyLines(history, { colour }).join("\n"));
  console.log(blocks.join("\n\n"));
  if (flags.html !== undefined) console.log(`\npage  ${flags.html}`);
}

function chosen(all: readonly History[], { dir, name, metric }: HistoryFlags): readonly History[] {
  const refused = (what: string, names: readonly string[], wanted = ""): UserError => {
    const near = closest(wanted, names);
    const guess = near === null ? "" : `did you mean "${near}"? `;
    const fix = `${guess}there are: ${[...new Set(names)].join(", ")}`;
    return new UserError("no history to show", [{ where: dir, what, fix }]);
  };
  if (all.length === 0) {
    const fix = "give reports of bench suites, or of runs under load";
    const what = "no report in it has figures";
    throw new UserError("no history to show", [{ where: dir, what, fix }]);
  }
  const named = all.filter((history) => name === undefined || history.name === name);
  const names = all.map((history) => history.name);
  if (named.length === 0) throw refused(`no report is named "${name}"`, names, name);
  if (metric === undefined) return named;
  const found = named
    .map((history) => ({
      ...history,
      series: history.series.filter((series) => series.metric.name.includes(metric)),
    }))
    .filter(({ series }) => series.length > 0);
  const metrics = named.flatMap(({ series }) => series.map((each) => each.metric.name));
  if (found.length === 0) throw refused(`no metric has "${metric}" in its name`, metrics, metric);
  return found;
}
