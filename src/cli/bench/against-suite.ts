import { rm } from "node:fs/promises";
import {
  againstOf,
  type Contest,
  contestOf,
  type ContestResult,
  loadsOf,
  type Opponent,
  opponents,
  type Pair,
  runContest,
} from "../../bench/against.ts";
import type { LoadSuite } from "../../bench/dsl.ts";
import { UserError } from "../../lib/user-error.ts";
import { againstLines } from "../../report/against.ts";
import { type TargetName, findTarget } from "../targets.ts";
import { runGenerator } from "./cluster-suite.ts";
import { type BenchRun, reportRun, type RunArgs, type SuiteDocument } from "./run.ts";

/** Enough to look at; 6 are the fewest with an interval of 95 % or more. */
const PAIRS = 3;
const EXIT_UNKNOWN = 3;

/** Sets two systems against each other: ratios, a report, and a document for `--json`. */
export async function runAgainstSuite(
  suite: LoadSuite,
  run: BenchRun,
  args: RunArgs & { readonly against: TargetName },
): Promise<SuiteDocument> {
  const pairs = args.pairs ?? PAIRS;
  const arms = opponents(await findTarget(args.target), await findTarget(args.against));
  const contest = contestOf(arms, suite);
  for (const why of contest.skipped) console.error(`  skipped ${why}`);
  if (contest.cases.length === 0) throw nothingLeft(suite, contest);
  const work = `${run.dir}/work`;
  const results = await runContest(arms, suite, contest, {
    ...{ seed: args.seed, quick: args.quick, pairs, workDir: work },
    runLoad: runGenerator,
    removeDir: (path) => rm(path, { recursive: true, force: true }),
    onCase: (name, pair) => console.error(`  ${name}, pair ${pair} of ${pairs} …`),
  });
  await rm(work, { recursive: true, force: true });
  const against = againstOf(arms, contest, results, pairs);
  const { verdict, checks } = validity(arms, results);
  const html = await reportRun(suite, run, args, {
    config: { ...suite, cases: contest.cases.map(([mine]) => mine), pairs, quick: args.quick },
    target: targetOf(arms[0], contest),
    ...{ verdict, checks, against },
    loads: loadsOf(arms, results),
  });
  if (!args.json) {
    console.log(againstLines(against).join("\n"));
    console.log(`\nreport  ${html}\nrepeat  ${run.command}`);
  }
  if (verdict !== "pass") {
    console.error(`${checks[0]!.name}: ${checks[0]!.detail}`);
    process.exitCode = EXIT_UNKNOWN;
  }
  return Object.assign({ name: suite.name, verdict, html } as const, against);
}

/** One void run makes the ratios of its case those of the generator. */
function validity(arms: Pair<Opponent>, results: readonly ContestResult[]) {
  const voids = results.flatMap(({ cases, runs }) =>
    ([0, 1] as const).flatMap((arm) =>
      runs[arm].flatMap((run, i) => {
        const why = run.void ?? (run.throughput === 0 ? "nothing was acknowledged" : null);
        return why === null
          ? []
          : [`${cases[arm].name}, ${arms[arm].label}, pair ${i + 1}: ${why}`];
      }),
    ),
  );
  const verdict = voids.length === 0 ? ("pass" as const) : ("unknown" as const);
  const detail = voids.length === 0 ? "no generator was the bottleneck" : voids.join("; ");
  return { verdict, checks: [{ name: "valid figures", verdict, detail, evidence: [] }] };
}

function targetOf({ target }: Opponent, { cases }: Contest) {
  const clusters = cases.map(([{ cluster }]) => cluster);
  return {
    name: target.name,
    version: target.version,
    nodes: Math.max(...clusters.map(({ nodes }) => nodes)),
    storage: [...new Set(clusters.map(({ storage }) => storage))].join(", "),
    fsync: clusters.find(({ fsync }) => fsync !== undefined)?.fsync,
  };
}

function nothingLeft({ name }: LoadSuite, { skipped }: Contest): UserError {
  const fix = "choose another suite or target";
  const problems = skipped.map((what) => ({ where: "--target, --against", what, fix }));
  return new UserError(`suite "${name}" cannot run`, problems);
}
