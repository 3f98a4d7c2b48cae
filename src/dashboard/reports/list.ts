import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../lib/user-error.ts";
import { parseComparison } from "../../report/compare/validate.ts";
import { COMPARISON_WORDS, titleOf, verdictTone } from "../../report/compare/words.ts";
import type { Report } from "../../report/schema.ts";
import { parseReport } from "../../report/validate.ts";
import { targetText } from "../../report/words.ts";
import { runFolders } from "../../report/write-index.ts";
import type { StoredList, StoredRow } from "./document.ts";

/** As many as the report's page shows. */
const ARTIFACTS_MAX = 100;

const NOTHING = {
  ...{ href: null, startedAt: null, verdictText: null, target: "", seed: null, durationMs: null },
  ...{ throughput: null, p99Us: null, failed: [], artifacts: [], problem: null },
};

/** Lists what is stored below a directory. Files that have not changed are not read again. */
export class StoredReports {
  readonly dir: string;
  readonly #read = new Map<string, { readonly stamp: string; readonly row: StoredRow }>();

  constructor(dir: string) {
    this.dir = dir;
  }

  /** Every run and comparison, damaged ones too, the newest first; none when there is no such directory. */
  async list(): Promise<StoredList> {
    const folders = await runFolders(this.dir).catch((error: unknown) => {
      if (error instanceof UserError) return [];
      throw error;
    });
    const rows: StoredRow[] = [];
    for (const folder of folders) rows.push(await this.#row(folder));
    return { dir: this.dir, rows: rows.sort(newestFirst) };
  }

  async #row(folder: string): Promise<StoredRow> {
    const isComparison = folder.startsWith("compare/");
    const file = isComparison ? "comparison.json" : "report.json";
    const page = isComparison ? "comparison.html" : "report.html";
    const path = join(this.dir, folder, file);
    try {
      const stamps = await Promise.all([path, join(this.dir, folder, page)].map(stampOf));
      const stamp = stamps.join();
      const known = this.#read.get(folder);
      if (known?.stamp === stamp) return known.row;
      const text = await readFile(path, "utf8");
      const row = isComparison ? comparisonRow(text, path, folder) : reportRow(text, path, folder);
      const shown = stamps[1] === null ? withoutPage(row, page) : row;
      this.#read.set(folder, { stamp, row: shown });
      return shown;
    } catch (error) {
      return damagedRow(folder, whyDamaged(error, path, file));
    }
  }
}

/** Null: there is no such file. */
const stampOf = (path: string): Promise<string | null> =>
  stat(path).then(
    ({ mtimeMs, size }) => `${mtimeMs} ${size}`,
    () => null,
  );

function whyDamaged(error: unknown, path: string, file: string): string {
  if (error instanceof UserError) {
    // The folder stands beside it.
    const words = error.problems.map(({ where, what }) => `${where}: ${what}`);
    return words.join("; ").replaceAll(path, file);
  }
  const { code, message } = error as NodeJS.ErrnoException;
  return code === "ENOENT" ? `no ${file}: the run is under way, or it broke` : message;
}

const hrefOf = (folder: string, page: string): string =>
  `/reports/${[...folder.split("/"), ...page.split("/")].map(encodeURIComponent).join("/")}`;

function withoutPage(row: StoredRow, page: string): StoredRow {
  const problem = `no ${page}: \`ordeal report ${row.folder}\` makes it again`;
  return { ...row, href: null, problem };
}

function reportRow(text: string, path: string, folder: string): StoredRow {
  const report: Report = parseReport(text, path);
  const { kind, name, startedAt, verdict, seed, durationMs, checks, loads } = report;
  const result = loads.length === 1 ? loads[0]!.result : null;
  return {
    ...NOTHING,
    ...{ folder, href: hrefOf(folder, "report.html") },
    ...{ kind, name, startedAt, verdict, seed, durationMs },
    target: targetText(report.target),
    throughput: result?.throughput ?? null,
    p99Us: result?.response.p99 ?? null,
    artifacts: Object.entries(report.artifacts)
      .slice(0, ARTIFACTS_MAX)
      .map(([of, file]) => ({ name: of, href: hrefOf(folder, file) })),
    failed: checks.filter((check) => check.verdict !== "pass").map((check) => check.name),
  };
}

function comparisonRow(text: string, path: string, folder: string): StoredRow {
  const comparison = parseComparison(text, path);
  const { startedAt, durationMs, verdict, base, head } = comparison;
  return {
    ...NOTHING,
    ...{ folder, href: hrefOf(folder, "comparison.html"), kind: "compare", startedAt, durationMs },
    name: titleOf(comparison),
    target: `${base.label} … ${head.label}`,
    verdict: verdictTone(verdict),
    verdictText: COMPARISON_WORDS[verdict],
  };
}

function damagedRow(folder: string, problem: string): StoredRow {
  const [kind = "", name = ""] = folder.split("/");
  // Its folder begins with the time.
  const id = /(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)\d*Z[^/]*$/.exec(folder);
  const startedAt = id === null ? null : `${id[1]}-${id[2]}-${id[3]}T${id[4]}:${id[5]}:${id[6]}Z`;
  return { ...NOTHING, folder, kind, name, startedAt, verdict: "damaged", problem };
}

function newestFirst(a: StoredRow, b: StoredRow): number {
  const [left, right] = [a.startedAt ?? "", b.startedAt ?? ""];
  return left === right ? (a.folder < b.folder ? 1 : -1) : left < right ? 1 : -1;
}
