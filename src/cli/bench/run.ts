import type { Suite } from "../../bench/dsl.ts";
import type { FsyncMode } from "../../lib/fsync.ts";
import type { Report, Verdict } from "../../report/schema.ts";
import type { TargetName } from "../targets.ts";

export type RunArgs = {
  readonly names?: readonly string[] | undefined;
  /** Every suite that the target can run; instead of names. */
  readonly all: boolean;
  readonly quick: boolean;
  readonly seed: number;
  readonly fsync?: FsyncMode | undefined;
  /** The system that suites of loads run on. */
  readonly target: TargetName;
  /** The system that it is set against. */
  readonly against?: TargetName | undefined;
  /** Of runs of both, for each case; default: as runLoadSuite has it. */
  readonly pairs?: number | undefined;
  readonly reports: string;
  readonly json: boolean;
  readonly requireGoals: boolean;
};

/** One run of one suite: where its report goes, and what is true of it whatever its kind. */
export type BenchRun = {
  readonly startedAt: Date;
  readonly runId: string;
  /** Of the report. What is measured works in `work` below it, which is removed afterwards. */
  readonly dir: string;
  /** `name` as the person gave it: the path of a module perhaps. */
  readonly command: string;
};

/** What `bench run --json` says of a suite. */
export type SuiteDocument = {
  readonly name: string;
  readonly verdict: Verdict;
  readonly html: string;
};

export async function beginRun(suite: Suite, name: string, args: RunArgs): Promise<BenchRun> {
  const { newRunId, reportDir } = await import("../../report/write.ts");
  const startedAt = new Date();
  const runId = newRunId(startedAt, args.seed);
  const dir = reportDir(args.reports, { kind: "bench", name: suite.name, runId });
  const fsync = args.fsync === undefined ? "" : ` --fsync ${args.fsync}`;
  const target = args.target === "ordeal" ? "" : ` --target ${args.target}`;
  const against = args.against === undefined ? "" : ` --against ${args.against}`;
  const flags = [
    target,
    against,
    args.pairs === undefined ? "" : ` --pairs ${args.pairs}`,
    fsync,
    args.quick ? " --quick" : "",
    args.requireGoals ? " --require-goals" : "",
  ];
  const command = `ordeal bench run ${name} --seed ${args.seed}${flags.join("")}`;
  return { startedAt, runId, dir, command };
}

type Parts = Pick<
  Report,
  "config" | "target" | "verdict" | "checks" | "loads" | "figures" | "against" | "sweeps"
> &
  Partial<Pick<Report, "failovers">>;

/** Writes the report of a run that has just ended; returns the path of its page. */
export async function reportRun(
  suite: Suite,
  run: BenchRun,
  args: RunArgs,
  parts: Parts,
): Promise<string> {
  const { SCHEMA } = await import("../../report/schema.ts");
  const { readCode, readEnvironment } = await import("../../report/environment.ts");
  const { writeReport } = await import("../../report/write.ts");
  const report: Report = {
    schema: SCHEMA,
    runId: run.runId,
    kind: "bench",
    name: suite.name,
    about: suite.about,
    startedAt: run.startedAt.toISOString(),
    durationMs: Date.now() - run.startedAt.getTime(),
    seed: args.seed,
    command: run.command,
    code: readCode(),
    environment: readEnvironment(),
    timeline: null,
    failovers: [],
    artifacts: {},
    ...parts,
  };
  const { html } = await writeReport(report, args.reports);
  return html;
}
