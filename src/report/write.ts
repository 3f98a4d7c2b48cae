import { mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { broken } from "../lib/assert.ts";
import { UserError } from "../lib/user-error.ts";
import { HLOG_FILE, hlogOf, withoutHistograms } from "./hlog.ts";
import { renderHtml } from "./html.ts";
import { renderMarkdown } from "./markdown.ts";
import { replaceFile } from "./replace-file.ts";
import type { Report } from "./schema.ts";
import { parseReport } from "./validate.ts";
import { writeIndex } from "./write-index.ts";

/** `20251121T024410123Z-42`: sorts by time, and names the seed. */
export const newRunId = (date: Date, seed: number): string =>
  `${date.toISOString().replace(/[-:.]/g, "")}-${seed}`;

/** A folder of its own under `reports/`: nothing that climbs out of it, hides, or needs quoting. */
const FOLDER = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/**
 * Where a run's report and artifacts go: `<reportsDir>/<kind>/<name>/<runId>`. Throws UserError for
 * names that cannot be a folder.
 */
export function reportDir(
  reportsDir: string,
  { kind, name, runId }: Pick<Report, "kind" | "name" | "runId">,
): string {
  checkFolders({ name, runId });
  return join(reportsDir, kind, name, runId);
}

/** Throws UserError for names that cannot be a folder; keys say what each is the name of. */
export function checkFolders(names: Readonly<Record<string, string>>): void {
  const bad = Object.entries(names).filter(([, text]) => !FOLDER.test(text));
  if (bad.length > 0)
    throw new UserError(
      "cannot write the report",
      bad.map(([where, text]) => ({
        where,
        what: `${JSON.stringify(text)} cannot be the name of a folder`,
        fix: "use letters, digits, dots, hyphens and underscores, at most 100, a letter or digit first",
      })),
    );
}

export type Written = { readonly dir: string; readonly json: string; readonly html: string };

/**
 * Writes report.json, report.html, report.md and, of loads, load.hlog into the run's folder, which is
 * made if need be, and the index of all runs, reportsDir/index.html. Each appears whole or not at all. Throws UserError when the folder cannot be written.
 */
export async function writeReport(measured: Report, reportsDir: string): Promise<Written> {
  const report = withoutHistograms(measured);
  const hlog = hlogOf(measured.loads, deflateSync);
  const dir = reportDir(reportsDir, report);
  const text = `${JSON.stringify(report, null, 1)}\n`;
  const json = join(dir, "report.json");
  await guarded(dir, async () => {
    await mkdir(dir, { recursive: true });
    await replaceFile(json, text);
    if (hlog !== null) await replaceFile(join(dir, HLOG_FILE), hlog);
  });
  const html = await writePages(report, dir);
  // Only now, so that a figure gone wrong (NaN is null in JSON) does not cost the whole report.
  if (!readsBack(text, json)) broken(`the report was written, but does not read back: ${json}`);
  await guarded(dir, async () => void (await writeIndex(reportsDir)));
  return { dir, json, html };
}

/** Writes the two pages for people beside a report.json; returns the path of report.html. */
export async function writePages(report: Report, dir: string): Promise<string> {
  const html = join(dir, "report.html");
  await guarded(dir, async () => {
    await replaceFile(html, renderHtml(report));
    await replaceFile(join(dir, "report.md"), renderMarkdown(report));
  });
  return html;
}

/**
 * Reads a stored report: `path` is a report.json or the folder that holds one. Throws UserError when
 * it is not there, cannot be read, or is no report of this schema.
 */
export async function readReport(
  path: string,
): Promise<{ readonly report: Report; readonly file: string }> {
  try {
    const file = (await stat(path)).isDirectory() ? join(path, "report.json") : path;
    return { report: parseReport(await readFile(file, "utf8"), file), file };
  } catch (error) {
    if (error instanceof UserError) throw error;
    const what = (error as NodeJS.ErrnoException).message;
    const fix = "give a report.json, or the directory of a run: reports/<kind>/<name>/<run>";
    throw new UserError("cannot read the report", [{ where: path, what, fix }]);
  }
}

function readsBack(text: string, where: string): boolean {
  try {
    parseReport(text, where);
    return true;
  } catch {
    return false;
  }
}

const FIXES: Readonly<Record<string, string>> = {
  EACCES: "choose a directory you may write to, or change its permissions",
  EPERM: "choose a directory you may write to, or change its permissions",
  EROFS: "the file system is read-only: choose another directory",
  ENOSPC: "the disk is full: free some space, or choose another directory",
  ENOTDIR: "a part of the path is a file: choose another directory",
  EEXIST: "a part of the path is a file: choose another directory",
};

/** Tells what the disk refused as a person's mistake, with the fix; other errors as they are. */
export async function guarded(dir: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const fix = code === undefined ? undefined : FIXES[code];
    if (fix === undefined) throw error;
    throw new UserError("cannot write the report", [{ where: dir, what: message, fix }]);
  }
}
