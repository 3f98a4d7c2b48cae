import { rmSync } from "node:fs";
import { version } from "../../../package.json";
import { type Figure, type FigureSuite } from "../../bench/dsl.ts";
import { EXIT_USAGE } from "../../lib/user-error.ts";
import { countGoals, figureText, goalMark, goalMet, goalText } from "../../report/figures.ts";
import type { Check } from "../../report/schema.ts";
import { ownCommand } from "../../runtime/self.ts";
import { table } from "../table.ts";
import type { FigureOutcome } from "./figure-process.ts";
import { type BenchRun, reportRun, type RunArgs, type SuiteDocument } from "./run.ts";

const EXIT_GOAL_MISSED = 1;
const EXIT_SOFTWARE = 70;
const EXIT_INTERRUPTED = 130;

/**
 * Runs a suite in a process of its own: a table, a report, and a document for `--json`. Resolves to
 * null when that process failed: it has said why, and the exit code is set.
 */
export async function runFigureSuite(
  suite: FigureSuite,
  name: string,
  run: BenchRun,
  args: RunArgs,
): Promise<SuiteDocument | null> {
  const figures = await measure(name, run, args);
  if (figures === null) {
    console.error(`bench suite "${suite.name}" failed\nrepeat  ${run.command}`);
    return null;
  }
  const checks = args.requireGoals ? [goalsCheck(figures)] : [];
  const verdict = checks.some((check) => check.verdict === "fail") ? "fail" : "pass";
  const html = await reportRun(suite, run, args, {
    config: { suite: suite.name, quick: args.quick, requireGoals: args.requireGoals },
    target: { name: "ordeal", version, nodes: 0, storage: "none" },
    verdict,
    checks,
    loads: [],
    figures,
  });
  if (!args.json) {
    console.log(figureTable(figures));
    console.log(`\nreport  ${html}\nrepeat  ${run.command}`);
  }
  if (verdict === "fail") process.exitCode = EXIT_GOAL_MISSED;
  const document = { name: suite.name, verdict, html } as const;
  const marked = figures.map((figure) => ({ ...figure, met: goalMet(figure) }));
  return Object.assign(document, { goals: countGoals(figures), figures: marked });
}

/** Null: the process ended otherwise than with its figures. */
async function measure(
  name: string,
  { dir }: BenchRun,
  { seed, quick }: RunArgs,
): Promise<readonly Figure[] | null> {
  const work = `${dir}/work`;
  const flags = ["--dir", work, "--seed", String(seed), ...(quick ? ["--quick"] : [])];
  const child = Bun.spawn(ownCommand("ordeal", ["bench", "measure", name, ...flags]), {
    // Nodes are started with as many: two blocked file operations would stall all others.
    env: { ...process.env, UV_THREADPOOL_SIZE: "8" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const cleanUp = (): void => rmSync(work, { recursive: true, force: true });
  const interrupted = (): void => {
    child.kill("SIGKILL");
    cleanUp();
    process.exit(EXIT_INTERRUPTED);
  };
  process.once("SIGINT", interrupted);
  try {
    const text = await child.stdout.text();
    const code = await child.exited;
    if (code === 0) return (JSON.parse(text) as FigureOutcome).figures;
    process.exitCode = code === EXIT_USAGE ? EXIT_USAGE : EXIT_SOFTWARE;
    return null;
  } finally {
    process.off("SIGINT", interrupted);
    child.kill("SIGKILL");
    cleanUp();
  }
}

function goalsCheck(figures: readonly Figure[]): Check {
  const { met, missed } = countGoals(figures);
  const detail = `${met} of ${met + missed} met`;
  return { name: "goals", verdict: missed === 0 ? "pass" : "fail", detail, evidence: [] };
}

function figureTable(figures: readonly Figure[]): string {
  const texts = figures.map(({ value, unit }) => figureText(value, unit));
  const width = Math.max(...texts.map((text) => text.length));
  const rows = figures.map((figure, i) => [
    figure.name,
    texts[i]!.padStart(width),
    goalText(figure),
    goalMark(figure),
    figure.note,
  ]);
  return table(["figure", "value".padStart(width), "goal", "", "how"], rows);
}
