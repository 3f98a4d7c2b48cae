import type { LoadSuite } from "../../bench/dsl.ts";
import { type CaseResult, runSuite } from "../../bench/load.ts";
import { figureText } from "../../report/figures.ts";
import type { LoadRun } from "../../report/schema.ts";
import type { LoadResult } from "../../workload/spec.ts";
import { table } from "../table.ts";
import { type Prepared, prepare, targetOf } from "./cluster-suite.ts";
import { type BenchRun, reportRun, type RunArgs, type SuiteDocument } from "./run.ts";

const EXIT_UNKNOWN = 3;

/** Measures clusters of this machine under load: a table, a report, and a document for `--json`. */
export async function runLoadSuite(
  wanted: LoadSuite,
  run: BenchRun,
  args: RunArgs,
): Promise<SuiteDocument> {
  const prepared = await prepare(wanted, run, args);
  const { target, suite, options, clear } = prepared;
  const results = await runSuite(target, suite, options);
  await clear();
  const parts = reportParts(prepared, results, args.quick);
  const html = await reportRun(suite, run, args, parts);
  if (!args.json) {
    console.log(caseTable(results));
    for (const one of prepared.figures)
      console.log(`${one.name}: ${figureText(one.value, one.unit)}`);
    console.log(`\nreport  ${html}\nrepeat  ${run.command}`);
  }
  for (const { name, verdict, detail } of parts.checks) {
    if (verdict !== "pass") console.error(`${name}: ${detail}`);
  }
  if (parts.verdict !== "pass") process.exitCode = EXIT_UNKNOWN;
  const document = { name: suite.name, verdict: parts.verdict, html };
  return Object.assign(document, { cases: results.map(caseAsJson) });
}

function reportParts(
  { target, suite, checks, figures }: Prepared<LoadSuite>,
  results: readonly CaseResult[],
  quick: boolean,
) {
  const voids = results.flatMap(({ case: c, runs }) =>
    runs.filter((r) => r.void !== null).map((r) => `${c.name}: ${r.void}`),
  );
  const verdict = voids.length === 0 ? ("pass" as const) : ("unknown" as const);
  const detail = voids.length === 0 ? "no generator was the bottleneck" : voids.join("; ");
  return {
    // A quick run is not compared with one that is none.
    config: { ...suite, quick },
    target: targetOf(target, suite.cases),
    verdict,
    checks: [{ name: "valid figures", verdict, detail, evidence: [] }, ...checks],
    ...(figures.length > 0 && { figures }),
    loads: results.map(({ case: c, result, runs }) => ({
      name: c.name,
      result,
      ...(runs.length > 1 && { runs: runs.map(toLoadRun) }),
    })),
  };
}

const toLoadRun = ({ throughput, response }: LoadResult): LoadRun => ({ throughput, response });

const caseAsJson = ({ case: c, result }: CaseResult) => ({
  name: c.name,
  throughput: result.throughput,
  p50Us: result.service.p50,
  p99Us: result.service.p99,
  counts: result.counts,
  cpu: result.cpu,
  void: result.void,
});

function caseTable(results: readonly CaseResult[]): string {
  const ms = (us: number) => Number((us / 1_000).toFixed(2));
  const rows = results.map(({ case: c, result: { throughput, service, counts } }) => [
    c.name,
    Math.round(throughput),
    ms(service.p50),
    ms(service.p99),
    counts.fail + counts.info,
  ]);
  return table(["case", "ok/s", "p50 ms", "p99 ms", "not ok"], rows);
}
