import { appendFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type Problem, UserError } from "../../lib/user-error.ts";
import { comparisonAnnotations } from "../../report/compare/annotations.ts";
import { type Comparison, exitCodeOf } from "../../report/compare/comparison.ts";
import { comparisonPage } from "../../report/compare/html.ts";
import { comparisonJunit } from "../../report/compare/junit.ts";
import { comparisonMarkdown } from "../../report/compare/markdown.ts";
import { comparisonOfReports, type NamedReport } from "../../report/compare/of-reports.ts";
import { comparisonLines } from "../../report/compare/terminal.ts";
import { comparisonJson } from "../../report/compare/write.ts";
import { newRunId, readReport } from "../../report/write.ts";
import { useColours } from "../colours.ts";
import { writeAsked } from "../write-asked.ts";
import { shellWord } from "../shell-word.ts";

export type CompareFlags = {
  readonly base: string;
  readonly head: string;
  readonly json: boolean;
  readonly markdown: string | undefined;
  readonly junit: string | undefined;
  readonly html: string | undefined;
  readonly force: boolean;
  readonly strict: boolean;
};

/** Compares, writes what was asked for, prints the rest; the exit code. Throws UserError for bad reports. */
export async function runCompare(flags: CompareFlags): Promise<number> {
  const startedAt = new Date();
  const [base, head] = await readBoth([flags.base, flags.head]);
  const comparison = comparisonOfReports(base, head, {
    runId: newRunId(startedAt, head.report.seed),
    startedAt: startedAt.toISOString(),
    durationMs: Date.now() - startedAt.getTime(),
    command: commandOf(flags),
    force: flags.force,
  });
  await writeFiles(comparison, flags);
  if (flags.json) process.stdout.write(comparisonJson(comparison));
  else print(comparison, flags.html);
  return exitCodeOf(comparison, flags.strict);
}

/** Two reports by their paths. Throws one UserError for the problems of both. */
export async function readBoth(
  paths: readonly [string, string],
): Promise<[NamedReport, NamedReport]> {
  const problems: Problem[] = [];
  const read: NamedReport[] = [];
  for (const label of paths) {
    try {
      read.push({ label, report: (await readReport(label)).report });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push(...error.problems);
    }
  }
  const [base, head] = read;
  if (base !== undefined && head !== undefined) return [base, head];
  throw new UserError("cannot compare the reports", problems);
}

const commandOf = ({ base, head, force, strict }: CompareFlags): string =>
  [
    ...["ordeal", "compare", shellWord(base), shellWord(head)],
    ...(force ? ["--force"] : []),
    ...(strict ? ["--strict"] : []),
  ].join(" ");

async function writeFiles(
  comparison: Comparison,
  { markdown, junit, html }: CompareFlags,
): Promise<void> {
  if (markdown !== undefined) {
    // The summary of a job belongs to all of its steps.
    const isSummary = isSameFile(markdown, process.env["GITHUB_STEP_SUMMARY"]);
    const write = isSummary ? appendFile : writeFile;
    await writeAsked(markdown, write, comparisonMarkdown(comparison));
  }
  if (junit !== undefined) await writeAsked(junit, writeFile, comparisonJunit(comparison));
  if (html !== undefined) await writeAsked(html, writeFile, comparisonPage(comparison));
}

const isSameFile = (path: string, other: string | undefined): boolean =>
  other !== undefined && other !== "" && resolve(path) === resolve(other);

function print(comparison: Comparison, page: string | undefined): void {
  const colour = useColours(process.stdout);
  console.log(comparisonLines(comparison, { colour, page }).join("\n"));
  if (process.env["GITHUB_ACTIONS"] !== "true") return;
  for (const line of comparisonAnnotations(comparison)) console.log(line);
}
