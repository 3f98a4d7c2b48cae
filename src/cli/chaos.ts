import type { ArgumentsCamelCase, Argv, CommandModule } from "yargs";
import { FSYNC_MODES, type FsyncMode } from "../lib/fsync.ts";

/** Breaks a cluster under load by a scenario, and says whether it stayed correct. */
export const command: CommandModule = {
  command: "chaos",
  describe: "Break a cluster under load, and say whether it stayed correct",
  builder: (yargs) =>
    yargs
      .command(list)
      .command(show)
      .command(run)
      .demandCommand(1, "what about chaos? list, show or run")
      .example("$0 chaos list", "what can be run")
      .example("$0 chaos run leader-churn --duration 10s", "kill leaders for ten seconds"),
  handler: () => {},
};

type ListArgs = { readonly json: boolean };

const list: CommandModule<object, ListArgs> = {
  command: "list",
  describe: "The scenarios: what each could break",
  builder: (yargs) =>
    yargs
      .option("json", { type: "boolean", default: false, describe: "one JSON document" })
      .example("$0 chaos list --json", "for a script"),
  handler: async ({ json }) => {
    const { loadScenarios } = await import("../chaos/catalog.ts");
    const { faultKindsOf } = await import("../chaos/describe.ts");
    const scenarios = (await loadScenarios()).map((scenario) => ({
      name: scenario.name,
      about: scenario.about,
      nodes: scenario.cluster.nodes,
      durationMs: scenario.durationMs,
      faults: faultKindsOf(scenario),
    }));
    if (json) return console.log(JSON.stringify({ scenarios }, null, 2));
    for (const { name, about, nodes, faults } of scenarios) {
      console.log(`${name}  (${nodes} nodes; ${faults.join(", ")})\n    ${about}`);
    }
  },
};

type ShowArgs = {
  readonly name: string;
  readonly seed: number;
  readonly duration: string | undefined;
  readonly nodes: number | undefined;
  readonly json: boolean;
};

const show: CommandModule<object, ShowArgs> = {
  command: "show <name>",
  describe: "The schedule of a scenario, as a run with this seed would play it",
  builder: (yargs): Argv<ShowArgs> =>
    yargs
      .positional("name", {
        type: "string",
        demandOption: true,
        describe: "a scenario, or the path of a module that exports one",
      })
      .option("seed", { type: "number", default: 1, describe: "of the random draws" })
      .option("duration", { type: "string", describe: "such as 10s; default: the scenario's own" })
      .option("nodes", { type: "number", describe: "default: the scenario's own" })
      .option("json", {
        type: "boolean",
        default: false,
        describe: "scenario and schedule as data",
      })
      .example("$0 chaos show kitchen-sink --seed 7 --duration 10s", "what would happen when"),
  handler: async (args) => {
    const { printSchedule, scheduleOf } = await import("../chaos/schedule.ts");
    const { withChanges } = await import("../chaos/options.ts");
    const [found] = await pick([args.name]);
    if (found === undefined) return;
    const scenario = withChanges(found, { nodes: args.nodes });
    const durationMs = await durationOf(args.duration, scenario.durationMs);
    const schedule = scheduleOf(scenario, await seedOf(args.seed), durationMs);
    if (args.json) {
      return console.log(JSON.stringify({ seed: args.seed, scenario, schedule }, null, 2));
    }
    console.log(`${scenario.name}, seed ${args.seed}, ${durationMs / 1000} s\n${scenario.about}\n`);
    console.log(printSchedule(schedule).join("\n"));
  },
};

type RunArgs = {
  readonly names: string[] | undefined;
  readonly all: boolean;
  readonly seed: number | undefined;
  readonly duration: string | undefined;
  readonly nodes: number | undefined;
  readonly clients: number | undefined;
  readonly rate: number | undefined;
  readonly fsync: FsyncMode | undefined;
  readonly reports: string;
  readonly keep: boolean;
  readonly record: boolean;
  readonly "stop-on-violation": boolean;
  readonly json: boolean;
};

const run: CommandModule<object, RunArgs> = {
  command: "run [names..]",
  describe: "Run scenarios on a cluster of local processes",
  builder: (yargs): Argv<RunArgs> =>
    yargs
      .positional("names", {
        type: "string",
        array: true,
        describe: "scenarios, or paths of modules that export one",
      })
      .option("all", { type: "boolean", default: false, describe: "every scenario" })
      .option("seed", { type: "number", describe: "repeats the draws of a run; default: random" })
      .option("duration", { type: "string", describe: "such as 10s; default: the scenario's own" })
      .option("nodes", { type: "number", describe: "1 to 9; default: the scenario's own" })
      .option("clients", { type: "number", describe: "default: the scenario's own" })
      .option("rate", {
        type: "number",
        describe: "operations a second, 0: as fast as answers come; default: the scenario's own",
      })
      .option("fsync", {
        choices: FSYNC_MODES,
        describe:
          "when nodes sync their logs; never is UNSAFE; default: the scenario's own, or batch",
      })
      .option("reports", { type: "string", default: "reports", describe: "where reports go" })
      .option("keep", { type: "boolean", default: false, describe: "keep node data after a pass" })
      .option("record", {
        type: "boolean",
        default: false,
        describe: "record all inputs of every node, for `ordeal replay`",
      })
      .option("stop-on-violation", {
        type: "boolean",
        default: true,
        describe: "end the load as soon as the history is seen to be illegal",
      })
      .option("json", { type: "boolean", default: false, describe: "one JSON document on stdout" })
      .example("$0 chaos run leader-churn bridge --seed 7 --duration 10s", "two scenarios")
      .epilogue(
        "Exit codes: 0 pass, 2 correctness violated, 3 unknown, 64 bad input, 130 interrupted.",
      ),
  handler: runAll,
};

async function runAll(args: ArgumentsCamelCase<RunArgs>): Promise<void> {
  const { EXIT_INTERRUPTED, EXIT_OF, printSummary, randomSeed, runAndShow } =
    await import("./run-scenario.ts");
  const { changesAsFlags, durationAsFlag, withChanges } = await import("../chaos/options.ts");
  const { worst } = await import("../chaos/judge.ts");

  const { runAsJson } = await import("./run-json.ts");
  const names = args.all ? await allNames() : (args.names ?? []);
  const scenarios = (await pick(names)).map((scenario) => withChanges(scenario, args));
  const seed = args.seed === undefined ? randomSeed() : await seedOf(args.seed);
  const outcomes = [];
  for (const [i, scenario] of scenarios.entries()) {
    const durationMs = await durationOf(args.duration, scenario.durationMs);
    const command =
      `ordeal chaos run ${names[i]} --seed ${seed} --duration ${durationAsFlag(durationMs)}` +
      changesAsFlags(args) +
      (args["stop-on-violation"] ? "" : " --no-stop-on-violation");
    const settings = { kind: "chaos", seed, durationMs, command } as const;
    const outcome = await runAndShow(scenario, {
      ...settings,
      reportsDir: args.reports,
      keep: args.keep,
      record: args.record,
      stopOnViolation: args["stop-on-violation"],
    });
    if (outcome === null) {
      process.exitCode = EXIT_INTERRUPTED;
      return;
    }
    outcomes.push(outcome);
    if (!args.json) printSummary(outcome);
  }
  const verdict = worst(outcomes.map(({ report }) => report.verdict));
  if (args.json) console.log(JSON.stringify({ verdict, runs: outcomes.map(runAsJson) }, null, 2));
  process.exitCode = EXIT_OF[verdict];
}

const allNames = async (): Promise<string[]> => {
  const { loadScenarios } = await import("../chaos/catalog.ts");
  return (await loadScenarios()).map(({ name }) => name);
};

/** The scenarios of these names or paths. Throws UserError with the nearest name for each unknown. */
async function pick(names: readonly string[]) {
  const { findScenarios } = await import("../chaos/catalog.ts");
  return findScenarios(names);
}

async function durationOf(text: string | undefined, otherwise: number): Promise<number> {
  const { parseDurationMs } = await import("./parse.ts");
  const { checkDuration } = await import("../chaos/options.ts");
  return text === undefined ? otherwise : checkDuration(parseDurationMs(text, "--duration"));
}

async function seedOf(seed: number): Promise<number> {
  const { parseCount } = await import("./parse.ts");
  return parseCount(seed, "--seed", 0);
}
