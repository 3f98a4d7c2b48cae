import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../lib/user-error.ts";
import type { Report } from "./schema.ts";
import { readReport } from "./write.ts";

export type StoredReports = {
  /** In the order of their paths. */
  readonly reports: readonly Report[];
  /** Those that cannot be read, and why. */
  readonly damaged: readonly { readonly file: string; readonly what: string }[];
};

/** Every report.json below `dir`. Throws UserError when there is no such directory, or no report in it. */
export async function readReports(dir: string): Promise<StoredReports> {
  const reports: Report[] = [];
  const damaged: StoredReports["damaged"][number][] = [];
  for (const file of await reportFiles(dir)) {
    try {
      reports.push((await readReport(file)).report);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      const what = error.problems.map((problem) => problem.what).join("; ");
      damaged.push({ file, what });
    }
  }
  return { reports, damaged };
}

async function reportFiles(dir: string): Promise<readonly string[]> {
  const fix = "give a directory of reports: where `--reports` of a run pointed to";
  const refused = (what: string): UserError =>
    new UserError("cannot read the reports", [{ where: dir, what, fix }]);
  let names: readonly string[];
  try {
    names = await readdir(dir, { recursive: true });
  } catch (error) {
    throw refused((error as Error).message);
  }
  const files = names.filter((name) => /(^|[/\\])report\.json$/.test(name)).sort();
  if (files.length === 0) throw refused("there is no report.json in it or below");
  return files.map((name) => join(dir, name));
}
