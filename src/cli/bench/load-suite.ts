import { rm } from "node:fs/promises";
import type { LoadSuite } from "../../bench/dsl.ts";
import { type CaseResult, runSuite } from "../../bench/load.ts";
import { suiteFor } from "../../bench/for-target.ts";
import type { LoadRun } from "../../report/schema.ts";
import type { Target } from "../../target/target.ts";
import { UserError } from "../../lib/user-error.ts";
import type { LoadResult, LoadSpec } from "../../workload/spec.ts";
import { findTarget } from "../targets.ts";
import { startGenerator } from "../generator.ts";
import { table } from "../table.ts";
import { type BenchRun, reportRun, type RunArgs, type SuiteDocument } from "./run.ts";

const EXIT_UNKNOWN = 3;

/** Measures clusters of this machine under load: a table, a report, and a document for `--json`. */
export async function runLoadSuite(
  wanted: LoadSuite,
  run: BenchRun,
  args: RunArgs,
): Promise<SuiteDocument> {
  const work = `${run.dir}/work`;
  const target = await findTarget(args.target);
  const { suite, skipped } = suiteFor(target, wanted);
  for (const why of skipped) console.error(`  skipped ${why}`);
  if (suite.cases.length === 0) throw nothingLeft(target, wanted, skipped);
  const results = await runSuite(target, suite, {
    seed: args.seed,
    quick: args.quick,
    workDir: work,
    runLoad: runGenerator,
    removeDir: (path) => rm(path, { recursive: true, force: true }),
    onCase: (name, n) => console.error(`  ${name}${suite.runs > 1 ? `, run ${n}` : ""} …`),
  });
  await rm(work, { recursive: true, force: true });
  const parts = reportParts(target, suite, results);
  const html = await reportRun(suite, run, args, parts);
  if (!args.json) {
    console.log(caseTable(results));
    console.log(`\nreport  ${html}\nrepeat  ${run.command}`);
  }
  if (parts.verdict !== "pass") process.exitCode = EXIT_UNKNOWN;
  const document = { name: suite.name, verdict: parts.verdict, html };
  return Object.assign(document, { cases: results.map(caseAsJson) });
}

/** One load in a generator process of its own, for as long as its spec says. */
export async function runGenerator(spec: LoadSpec): Promise<LoadResult> {
  const load = await startGenerator(spec, () => {});
  try {
    return await load.done;
  } finally {
    await load.kill();
  }
}

function reportParts(target: Target, suite: LoadSuite, results: readonly CaseResult[]) {
  const voids = results.flatMap(({ case: c, runs }) =>
    runs.filter((r) => r.void !== null).map((r) => `${c.name}: ${r.void}`),
  );
  const clusters = results.map(({ case: c }) => c.cluster);
  const verdict = voids.length === 0 ? ("pass" as const) : ("unknown" as const);
  const detail = voids.length === 0 ? "no generator was the bottleneck" : voids.join("; ");
  return {
    config: suite,
    target: {
      name: target.name,
      version: target.version,
      nodes: Math.max(...clusters.map((c) => c.nodes)),
      storage: [...new Set(clusters.map((c) => c.storage))].join(", "),
      fsync: clusters.find((c) => c.fsync !== undefined)?.fsync,
    },
    verdict,
    checks: [{ name: "valid figures", verdict, detail, evidence: [] }],
    loads: results.map(({ case: c, result, runs }) => ({
      name: c.name,
      result,
      ...(runs.length > 1 && { runs: runs.map(toLoadRun) }),
    })),
  };
}

const toLoadRun = ({ throughput, response }: LoadResult): LoadRun => ({ throughput, response });

function nothingLeft(target: Target, { name }: LoadSuite, skipped: readonly string[]): UserError {
  const fix = "choose another suite or target";
  const problems = skipped.map((what) => ({ where: `target ${target.name}`, what, fix }));
  return new UserError(`suite "${name}" cannot run`, problems);
}

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
