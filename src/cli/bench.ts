import type { Argv, CommandModule } from "yargs";
import type { LoadSuite } from "../bench/dsl.ts";
import type { CaseResult } from "../bench/load.ts";
import type { Report } from "../report/schema.ts";
import type { LoadResult, LoadSpec } from "../workload/spec.ts";
import { table } from "./table.ts";

/** Measures a cluster by a suite of `bench/`. */
export const command: CommandModule = {
  command: "bench",
  describe: "Measure throughput and latency by a suite",
  builder: (yargs) =>
    yargs
      .command(list)
      .command(run)
      .demandCommand(1, "what about bench? list or run")
      .example("$0 bench list", "what can be run")
      .example("$0 bench run put", "puts by 1, 64 and 256 clients, on disk and in memory"),
  handler: () => {},
};

const list: CommandModule<object, { readonly json: boolean }> = {
  command: "list",
  describe: "the suites: what each measures",
  builder: (yargs) =>
    yargs
      .option("json", { type: "boolean", default: false, describe: "one JSON document" })
      .example("$0 bench list --json", "for a script"),
  handler: async ({ json }) => {
    const { loadSuites } = await import("../bench/suites.ts");
    const suites = (await loadSuites()).map(({ name, about, cases }) => ({
      name,
      about,
      cases: cases.map((c) => c.name),
    }));
    if (json) return console.log(JSON.stringify({ suites }, null, 2));
    for (const { name, about, cases } of suites) {
      console.log(`${name}  (${cases.length} cases: ${cases.join("; ")})\n    ${about}`);
    }
  },
};

type RunArgs = {
  readonly names: readonly string[];
  readonly quick: boolean;
  readonly seed: number;
  readonly reports: string;
  readonly json: boolean;
};

const run: CommandModule<object, RunArgs> = {
  command: "run <names..>",
  describe: "run suites on fresh clusters of this machine, and report",
  builder: (yargs): Argv<RunArgs> =>
    yargs
      .positional("names", {
        type: "string",
        array: true,
        demandOption: true,
        describe: "suites, as in `bench list`",
      })
      .option("quick", {
        type: "boolean",
        default: false,
        describe: "short: to look, not to compare",
      })
      .option("seed", { type: "number", default: 1, describe: "of keys and values" })
      .option("reports", {
        type: "string",
        default: "reports",
        describe: "directory for the reports",
      })
      .option("json", { type: "boolean", default: false, describe: "one JSON document on stdout" })
      .example("$0 bench run put", "the table of puts")
      .example("$0 bench run put --quick --json", "for a script"),
  handler: async (args) => {
    const { findSuites } = await import("../bench/suites.ts");
    const documents = [];
    for (const suite of await findSuites(args.names)) documents.push(await runOne(suite, args));
    if (args.json) console.log(JSON.stringify({ suites: documents }, null, 2));
  },
};

async function runOne(suite: LoadSuite, args: RunArgs) {
  const { runSuite } = await import("../bench/load.ts");
  const { localTarget } = await import("../target/local.ts");
  const { newRunId, reportDir, writeReport } = await import("../report/write.ts");
  const { rm } = await import("node:fs/promises");
  const startedAt = new Date();
  const runId = newRunId(startedAt, args.seed);
  const dir = reportDir(args.reports, { kind: "bench", name: suite.name, runId });
  console.error(`${suite.name}: ${suite.about}`);
  const results = await runSuite(localTarget, suite, {
    seed: args.seed,
    quick: args.quick,
    workDir: `${dir}/work`,
    runLoad: runGenerator,
    removeDir: (path) => rm(path, { recursive: true, force: true }),
    onCase: (name, n) => console.error(`  ${name}${suite.runs > 1 ? `, run ${n}` : ""} …`),
  });
  await rm(`${dir}/work`, { recursive: true, force: true });
  const report = await reportOf(suite, args, runId, startedAt, results);
  const { html } = await writeReport(report, args.reports);
  if (!args.json) {
    console.log(figures(results));
    console.log(`\nreport  ${html}\nrepeat  ${report.command}`);
  }
  if (report.verdict !== "pass") process.exitCode = 3;
  return { name: suite.name, verdict: report.verdict, html, cases: results.map(caseAsJson) };
}

/** One load in a generator process of its own, for as long as its spec says. */
async function runGenerator(spec: LoadSpec): Promise<LoadResult> {
  const { startGenerator } = await import("./generator.ts");
  const load = await startGenerator(spec, () => {});
  try {
    return await load.done;
  } finally {
    await load.kill();
  }
}

async function reportOf(
  suite: LoadSuite,
  args: RunArgs,
  runId: string,
  startedAt: Date,
  results: readonly CaseResult[],
): Promise<Report> {
  const { SCHEMA } = await import("../report/schema.ts");
  const { readCode, readEnvironment } = await import("../report/environment.ts");
  const { localTarget } = await import("../target/local.ts");
  const voids = results.flatMap(({ case: c, runs }) =>
    runs.filter((r) => r.void !== null).map((r) => `${c.name}: ${r.void}`),
  );
  const clusters = results.map(({ case: c }) => c.cluster);
  const quick = args.quick ? " --quick" : "";
  return {
    schema: SCHEMA,
    runId,
    kind: "bench",
    name: suite.name,
    about: suite.about,
    startedAt: startedAt.toISOString(),
    durationMs: Date.now() - startedAt.getTime(),
    seed: args.seed,
    command: `ordeal bench run ${suite.name} --seed ${args.seed}${quick}`,
    config: suite,
    target: {
      name: localTarget.name,
      version: localTarget.version,
      nodes: Math.max(...clusters.map((c) => c.nodes)),
      storage: [...new Set(clusters.map((c) => c.storage))].join(", "),
    },
    code: readCode(),
    environment: readEnvironment(),
    verdict: voids.length === 0 ? "pass" : "unknown",
    checks: [
      {
        name: "valid figures",
        verdict: voids.length === 0 ? "pass" : "unknown",
        detail: voids.length === 0 ? "no generator was the bottleneck" : voids.join("; "),
        evidence: [],
      },
    ],
    loads: results.map(({ case: c, result }) => ({ name: c.name, result })),
    timeline: null,
    failovers: [],
    artifacts: {},
  };
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

function figures(results: readonly CaseResult[]): string {
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
