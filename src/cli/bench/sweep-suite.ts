import type { SweepSuite } from "../../bench/dsl.ts";
import { runSweeps } from "../../bench/run-sweep.ts";
import type { Check } from "../../report/schema.ts";
import { stepTexts, sweepText } from "../../report/sweep.ts";
import { table } from "../table.ts";
import { prepare, targetOf } from "./cluster-suite.ts";
import { type BenchRun, reportRun, type RunArgs, type SuiteDocument } from "./run.ts";

const EXIT_UNKNOWN = 3;

/** Searches for the highest rates: a table a case, a report, and a document for `--json`. */
export async function runSweepSuite(
  wanted: SweepSuite,
  run: BenchRun,
  args: RunArgs,
): Promise<SuiteDocument> {
  const { target, suite, options, clear } = await prepare(wanted, run, args);
  const results = await runSweeps(target, suite, options);
  await clear();
  const checks = results.map(({ sweep }): Check => {
    // Where the generator gave up first, the system's own limit is not known.
    const isKnown = sweep.bestRate !== null && sweep.limit !== "generator";
    const verdict = isKnown ? "pass" : "unknown";
    return { name: `${sweep.name}: saturation`, verdict, detail: sweepText(sweep), evidence: [] };
  });
  const verdict = checks.every((check) => check.verdict === "pass") ? "pass" : "unknown";
  const html = await reportRun(suite, run, args, {
    config: { ...suite, quick: args.quick },
    target: targetOf(target, suite.cases),
    ...{ verdict, checks },
    loads: results.map(({ sweep, result }) => ({
      name: `${sweep.name}, ${sweep.bestRate ?? "no"} a second`,
      result,
    })),
    sweeps: results.map(({ sweep }) => sweep),
  });
  if (!args.json) {
    for (const { sweep } of results) {
      console.log(table(["offered", "ok", "p50", "p99", "result"], sweep.steps.map(stepTexts)));
      console.log(`${sweep.name}: ${sweepText(sweep)}\n`);
    }
    console.log(`report  ${html}\nrepeat  ${run.command}`);
  }
  if (verdict !== "pass") process.exitCode = EXIT_UNKNOWN;
  const document = { name: suite.name, verdict, html } as const;
  return Object.assign(document, { sweeps: results.map(({ sweep }) => sweep) });
}
