import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../lib/user-error.ts";
import { parseComparison } from "./compare/validate.ts";
import { renderIndex } from "./index-page.ts";
import { comparisonRow } from "./page/comparison-row.ts";
import { type RunRow, runRow } from "./page/runs.ts";
import { replaceFile } from "./replace-file.ts";
import { parseReport } from "./validate.ts";

const KINDS = ["bench", "chaos", "demo"];
const COMPARE = "compare";

export type WrittenIndex = { readonly html: string; readonly rows: readonly RunRow[] };

/**
 * Writes `<reportsDir>/index.html`: every run and comparison below it, with its verdict. A folder whose report is
 * not there or cannot be read is listed as damaged. Throws UserError when there is no such directory.
 */
export async function writeIndex(reportsDir: string): Promise<WrittenIndex> {
  const rows: RunRow[] = [];
  for (const folder of await runFolders(reportsDir)) rows.push(await readRow(reportsDir, folder));
  const html = join(reportsDir, "index.html");
  await replaceFile(html, renderIndex(rows));
  return { html, rows };
}

/** `<kind>/<name>/<runId>` of every run, and `compare/<runId>` of every comparison. */
export async function runFolders(reportsDir: string): Promise<readonly string[]> {
  const kinds = await foldersOf(reportsDir, true);
  const found: string[] = [];
  for (const kind of kinds.filter((name) => KINDS.includes(name))) {
    for (const name of await foldersOf(join(reportsDir, kind))) {
      const runs = await foldersOf(join(reportsDir, kind, name));
      found.push(...runs.map((run) => `${kind}/${name}/${run}`));
    }
  }
  const comparisons = kinds.includes(COMPARE) ? await foldersOf(join(reportsDir, COMPARE)) : [];
  return [...found, ...comparisons.map((run) => `${COMPARE}/${run}`)];
}

async function foldersOf(path: string, isRoot = false): Promise<readonly string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch (error) {
    // Somebody may delete runs as we look; only the directory itself must be there.
    if (!isRoot) return [];
    const fix = "give a directory of reports: where `--reports` of a run pointed to";
    const what = (error as Error).message;
    throw new UserError("cannot list the reports", [{ where: path, what, fix }]);
  }
}

async function readRow(reportsDir: string, folder: string): Promise<RunRow> {
  const isComparison = folder.startsWith(`${COMPARE}/`);
  const name = isComparison ? "comparison.json" : "report.json";
  const damaged = (what: string): RunRow => ({ kind: "damaged", folder, file: name, what });
  const file = join(reportsDir, folder, name);
  try {
    const text = await readFile(file, "utf8");
    return isComparison
      ? comparisonRow(parseComparison(text, file), folder)
      : runRow(parseReport(text, file), folder);
  } catch (error) {
    if (error instanceof UserError) return damaged(error.problems[0]?.what ?? error.message);
    const { code, message } = error as NodeJS.ErrnoException;
    return damaged(code === "ENOENT" ? `no ${name}: the run is under way, or it broke` : message);
  }
}
