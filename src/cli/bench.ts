import type { Argv, CommandModule } from "yargs";
import { FSYNC_MODES } from "../lib/fsync.ts";
import { type Problem, UserError } from "../lib/user-error.ts";
import type { Suite } from "../bench/dsl.ts";
import type { MeasureArgs } from "./bench/figure-process.ts";
import type { RunArgs } from "./bench/run.ts";
import { TARGET_NAMES } from "./targets.ts";

/** Measures a cluster, or parts of one, by a suite of `bench/`. */
export const command: CommandModule = {
  command: "bench",
  describe: "Measure throughput and latency by a suite",
  builder: (yargs) =>
    yargs
      .command(list)
      .command(run)
      .command(measure)
      .demandCommand(1, "what about bench? list or run")
      .example("$0 bench list", "what can be run")
      .example("$0 bench run put", "puts by 1, 64 and 256 clients, on disk and in memory")
      .example("$0 bench run storage", "the log and snapshots against their goals"),
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
    const suites = await loadSuites();
    if (json) return console.log(JSON.stringify({ suites: suites.map(suiteAsJson) }, null, 2));
    for (const suite of suites)
      console.log(`${suite.name}  (${partsOf(suite)})\n    ${suite.about}`);
  },
};

const suiteAsJson = (suite: Suite) => ({
  name: suite.name,
  kind: suite.kind,
  about: suite.about,
  ...(suite.kind !== "figures" && { cases: suite.cases.map((c) => c.name) }),
});

const partsOf = (suite: Suite): string =>
  suite.kind === "figures"
    ? "figures"
    : `${suite.cases.length} cases: ${suite.cases.map((c) => c.name).join("; ")}`;

/** As yargs names them: it does not type the camel-case names that it adds. */
type RunFlags = Omit<RunArgs, "requireGoals"> & { readonly "require-goals": boolean };

const run: CommandModule<object, RunFlags> = {
  command: "run [names..]",
  describe: "run suites on this machine, on fresh clusters and processes, and report",
  builder: (yargs): Argv<RunFlags> =>
    yargs
      .positional("names", {
        type: "string",
        array: true,
        describe: "suites, as in `bench list`, or paths of modules",
      })
      .option("all", {
        type: "boolean",
        default: false,
        describe: "every suite that the target can run, instead of names",
      })
      .option("quick", {
        type: "boolean",
        default: false,
        describe: "short: to look, not to compare",
      })
      .option("seed", { type: "number", default: 1, describe: "of keys and values" })
      .option("fsync", {
        choices: FSYNC_MODES,
        describe: "when nodes on disk sync their logs; never is UNSAFE; default: as the suite says",
      })
      .option("target", {
        choices: TARGET_NAMES,
        default: "ordeal" as const,
        describe: "the system under load; of a suite that loads none, only ordeal",
      })
      .option("against", {
        choices: TARGET_NAMES,
        describe: "a second system, with the same load in turns; prints the ratio first : second",
      })
      .option("pairs", {
        type: "number",
        describe: "--against: runs of each system a case; 6 for an interval [default: 3]",
      })
      .option("reports", {
        type: "string",
        default: "reports",
        describe: "directory for the reports, on the disk to be measured",
      })
      .option("require-goals", {
        type: "boolean",
        default: false,
        describe: "exit with 1 when a figure misses its goal",
      })
      .option("json", { type: "boolean", default: false, describe: "one JSON document on stdout" })
      .example("$0 bench run put", "the table of puts")
      .example("$0 bench run put --target etcd", "the same of etcd")
      .example("$0 bench run put --against etcd --pairs 6", "both in turns, and the ratio")
      .example("$0 bench run --all --quick", "whether every suite works, in a few minutes")
      .example("$0 bench run storage --require-goals", "for CI")
      .example("$0 bench run put --quick --json", "for a script")
      .epilogue(
        "Exits with 0: measured, 1: a goal was missed (--require-goals), 3: the generator was the bottleneck, 64: bad input, 70: a suite failed.",
      ),
  handler: async ({ "require-goals": requireGoals, ...flags }) => {
    const args: RunArgs = { ...flags, requireGoals };
    const { findSuites } = await import("../bench/suites.ts");
    const { withFsync } = await import("../bench/with-fsync.ts");
    const { names, suites: found } = await wantedSuites(args, findSuites);
    const documents = [];
    const suites = found.map((suite) => withFsync(suite, args.fsync));
    for (const [i, suite] of suites.entries()) {
      const document = await runOne(suite, names[i]!, args);
      if (document === null) return;
      documents.push(document);
    }
    if (args.json) console.log(JSON.stringify({ suites: documents }, null, 2));
  },
};

/** Those named, or all that the target can run; of the others it is told why not. */
async function wantedSuites(
  { names = [], all, target, against, fsync }: RunArgs,
  findSuites: (names: readonly string[]) => Promise<readonly Suite[]>,
): Promise<{ readonly names: readonly string[]; readonly suites: readonly Suite[] }> {
  if (all === names.length > 0) {
    const what = all ? "--all and names" : "no suite is named";
    const fix = "give names, as in `bench list`, or --all";
    throw new UserError("which suites?", [{ where: "names", what, fix }]);
  }
  if (!all) return { names, suites: await findSuites(names) };
  const { loadSuites } = await import("../bench/suites.ts");
  const { whySuiteImpossible } = await import("../bench/for-target.ts");
  const { findTarget } = await import("./targets.ts");
  const targets = [await findTarget(target), ...(against ? [await findTarget(against)] : [])];
  const suites = (await loadSuites()).filter((suite) => {
    const why = whySuiteImpossible(targets, suite, { fsync, against: against !== undefined });
    if (why !== null) console.error(`skipped ${suite.name}: ${why}`);
    return why === null;
  });
  return { names: suites.map(({ name }) => name), suites };
}

async function runOne(suite: Suite, name: string, args: RunArgs) {
  checkArms(suite, name, args);
  const { beginRun } = await import("./bench/run.ts");
  const begun = await beginRun(suite, name, args);
  console.error(`${suite.name}: ${suite.about}`);
  if (suite.kind === "load") {
    if (args.against !== undefined) {
      const { runAgainstSuite } = await import("./bench/against-suite.ts");
      return runAgainstSuite(suite, begun, { ...args, against: args.against });
    }
    const { runLoadSuite } = await import("./bench/load-suite.ts");
    return runLoadSuite(suite, begun, args);
  }
  if (suite.kind === "sweep") {
    const { runSweepSuite } = await import("./bench/sweep-suite.ts");
    return runSweepSuite(suite, begun, args);
  }
  if (suite.kind === "failover") {
    const { runFailoverSuite } = await import("./bench/failover-suite.ts");
    return runFailoverSuite(suite, begun, args);
  }
  const { runFigureSuite } = await import("./bench/figure-suite.ts");
  return runFigureSuite(suite, name, begun, args);
}

/** Throws UserError for systems that a suite cannot measure. */
function checkArms({ kind }: Suite, name: string, { target, against, pairs }: RunArgs): void {
  const problems: Problem[] = [];
  if (kind === "figures" && (target !== "ordeal" || against !== undefined)) {
    const where = target !== "ordeal" ? "--target" : "--against";
    const what = `the suite "${name}" measures parts of Ordeal, and no other system`;
    const fix = "leave it out, or choose a suite of loads: bench list";
    problems.push({ where, what, fix });
  }
  if ((kind === "sweep" || kind === "failover") && against !== undefined) {
    const what = `the suite "${name}" runs on one system at a time`;
    const fix = "run it twice, with --target, or choose a suite of loads: bench list";
    problems.push({ where: "--against", what, fix });
  }
  if (pairs !== undefined && against === undefined) {
    const fix = "add --against TARGET, or leave it out";
    problems.push({ where: "--pairs", what: "there is only one system", fix });
  } else if (pairs !== undefined && !(Number.isInteger(pairs) && pairs >= 1 && pairs <= 100)) {
    problems.push({ where: "--pairs", what: `is ${pairs}`, fix: "use 1 to 100" });
  }
  if (problems.length > 0) throw new UserError("nothing to measure", problems);
}

/** A process that `bench run` starts. */
const measure: CommandModule<object, MeasureArgs> = {
  command: "measure <name>",
  describe: false,
  builder: (yargs): Argv<MeasureArgs> =>
    yargs
      .positional("name", { type: "string", demandOption: true })
      .option("dir", { type: "string", demandOption: true })
      .option("seed", { type: "number", demandOption: true })
      .option("quick", { type: "boolean", default: false }),
  handler: async (args) => {
    const { measureFigures } = await import("./bench/figure-process.ts");
    await measureFigures(args);
  },
};
