import type { FailoverSuite } from "../../bench/dsl.ts";
import { failoverCheck, failoverFigures, failoversOf } from "../../bench/failover.ts";
import { runFailovers } from "../../bench/run-failover.ts";
import { firstWriteAck } from "../../chaos/lost-acks.ts";
import { readHistory } from "../../history/reader.ts";
import { figureText, goalMark, goalMet, goalText } from "../../report/figures.ts";
import { startGenerator } from "../generator.ts";
import { table } from "../table.ts";
import { prepare, targetOf } from "./cluster-suite.ts";
import { type BenchRun, reportRun, type RunArgs, type SuiteDocument } from "./run.ts";

const EXIT_MISSED = 1;
const EXIT_UNKNOWN = 3;

/** Kills leaders: medians by case, a report with every kill, and a document for `--json`. */
export async function runFailoverSuite(
  wanted: FailoverSuite,
  run: BenchRun,
  args: RunArgs,
): Promise<SuiteDocument> {
  const { target, suite, options, clear } = await prepare(wanted, run, args);
  const results = await runFailovers(target, suite, {
    ...options,
    startLoad: (spec) => startGenerator(spec, () => {}),
    readFirstAck: async (path) =>
      firstWriteAck(readHistory(new Uint8Array(await Bun.file(path).arrayBuffer()), path)),
  });
  await clear();
  const figures = results.flatMap(({ name, times, goalMs }) =>
    failoverFigures(name, times, goalMs),
  );
  const checks = results.map(({ name, times }) => failoverCheck(name, times));
  const verdict = checks.every((check) => check.verdict === "pass") ? "pass" : "unknown";
  const html = await reportRun(suite, run, args, {
    config: { ...suite, quick: args.quick },
    target: targetOf(target, suite.cases),
    ...{ verdict, checks, figures },
    loads: results.map(({ name, result }) => ({ name, result })),
    failovers: results.flatMap(({ times }) => failoversOf(times)),
  });
  if (!args.json) {
    const rows = figures.map((one) => [
      ...[one.name, figureText(one.value, one.unit), goalText(one), goalMark(one), one.note],
    ]);
    console.log(table(["figure", "value", "goal", "", "how"], rows));
    console.log(`\nreport  ${html}\nrepeat  ${run.command}`);
  }
  if (verdict !== "pass") process.exitCode = EXIT_UNKNOWN;
  else if (args.requireGoals && figures.some((one) => goalMet(one) === false)) {
    process.exitCode = EXIT_MISSED;
  }
  const document = { name: suite.name, verdict, html } as const;
  return Object.assign(document, {
    figures,
    kills: results.map(({ name, times }) => ({ name, times })),
  });
}
