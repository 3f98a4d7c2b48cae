import type { ArgumentsCamelCase, Argv, CommandModule } from "yargs";
import { FSYNC_MODES, type FsyncMode } from "../lib/fsync.ts";
import type { Target } from "../target/target.ts";
import { reproduce } from "./chaos-reproduce.ts";
import { NETWORKS, type TargetFlags } from "./choose-target.ts";
import { CHAOS_TARGET_NAMES } from "./targets.ts";

/** Breaks a cluster under load by a scenario, and says whether it stayed correct. */
export const command: CommandModule = {
  command: "chaos",
  describe: "Break a cluster under load, and say whether it stayed correct",
  builder: (yargs) =>
    yargs
      .command(list)
      .command(show)
      .command(run)
      .command(reproduce)
      .demandCommand(1, "what about chaos? list, show, run or reproduce")
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

type RunArgs = TargetFlags & {
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
  readonly record: boolean | undefined;
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
      .option("target", {
        choices: CHAOS_TARGET_NAMES,
        default: "ordeal" as const,
        describe:
          "the system to run them on, or sim: in virtual time; --all leaves out what it cannot do",
      })
      .option("network", {
        choices: NETWORKS,
        default: "proxies" as const,
        describe: "netns: each node in a network namespace, links cut by the kernel (root)",
      })
      .option("attach", {
        type: "string",
        describe: "run them on nodes that run already, as this JSON file says",
      })
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
        describe:
          "record all inputs of every node, for `ordeal replay`; default: of short runs at a moderate rate, kept if they fail",
      })
      .option("json", { type: "boolean", default: false, describe: "one JSON document on stdout" })
      .example("$0 chaos run leader-churn bridge --seed 7 --duration 10s", "two scenarios")
      .example("$0 chaos run --all --target etcd", "whatever etcd can do")
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
  const { chooseTarget, targetAsFlags } = await import("./choose-target.ts");
  const { adaptedTo } = await import("../chaos/possible.ts");
  const { target, play } = await chooseTarget(args);
  const { names, skipped } = args.all ? await allNames(target) : chosen(args.names);
  const scenarios = (await pick(names)).map((scenario) =>
    adaptedTo(target, withChanges(scenario, args)),
  );
  for (const { name, reasons } of skipped) console.error(`skipped ${name}: ${reasons.join("; ")}`);
  const seed = args.seed === undefined ? randomSeed() : await seedOf(args.seed);
  const outcomes = [];
  for (const [i, scenario] of scenarios.entries()) {
    const durationMs = await durationOf(args.duration, scenario.durationMs);
    const command =
      `ordeal chaos run ${names[i]} --seed ${seed} --duration ${durationAsFlag(durationMs)}` +
      targetAsFlags(args) +
      changesAsFlags(args);
    const settings = { kind: "chaos", seed, durationMs, command, target, play } as const;
    const outcome = await runAndShow(scenario, {
      ...settings,
      reportsDir: args.reports,
      keep: args.keep,
      record: args.record,
    });
    if (outcome === null) {
      process.exitCode = EXIT_INTERRUPTED;
      return;
    }
    outcomes.push(outcome);
    if (!args.json) printSummary(outcome);
  }
  const verdict = worst(outcomes.map(({ report }) => report.verdict));
  const runs = outcomes.map(runAsJson);
  if (args.json) console.log(JSON.stringify({ verdict, runs, skipped }, null, 2));
  process.exitCode = EXIT_OF[verdict];
}

type Choice = {
  readonly names: readonly string[];
  readonly skipped: readonly { readonly name: string; readonly reasons: readonly string[] }[];
};

const chosen = (names: readonly string[] = []): Choice => ({ names, skipped: [] });

/** Every scenario that the target can play, and why not those that it cannot. */
async function allNames(target: Target): Promise<Choice> {
  const { loadScenarios } = await import("../chaos/catalog.ts");
  const { adaptedTo, whyImpossible } = await import("../chaos/possible.ts");
  const all = (await loadScenarios()).map((scenario) => ({
    name: scenario.name,
    reasons: whyImpossible(target, adaptedTo(target, scenario)),
  }));
  return {
    names: all.filter(({ reasons }) => reasons.length === 0).map(({ name }) => name),
    skipped: all.filter(({ reasons }) => reasons.length > 0),
  };
}

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
