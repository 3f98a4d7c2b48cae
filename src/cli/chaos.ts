import type { ArgumentsCamelCase, Argv, CommandModule } from "yargs";
import { FSYNC_MODES, type FsyncMode } from "../lib/fsync.ts";
import type { Target } from "../target/target.ts";
import { exportScenario } from "./chaos-export.ts";
import { reproduce } from "./chaos-reproduce.ts";
import { NETWORKS, type TargetFlags } from "./choose-target.ts";
import type { Planned } from "./chaos-session.ts";
import type { RunOutcome } from "../chaos/run.ts";
import type { Scenario } from "../chaos/scenario.ts";
import type { AfterRun } from "./reproduce/after-run.ts";
import { type ProgressStyle, WATCHING } from "./progress-lines.ts";
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
      .command(exportScenario)
      .demandCommand(1, "what about chaos? list, show, run, reproduce or export")
      .example("$0 chaos list", "what can be run")
      .example("$0 chaos run leader-churn --duration 10s", "kill leaders for ten seconds"),
  handler: () => {},
};

/** nargs: one value at a time, so that names of scenarios may follow it. */
const PARAM = {
  string: true,
  array: true,
  nargs: 1,
  default: [] as string[],
  describe: "name=number: a parameter of the scenario; may stand several times",
};

type ListArgs = { readonly json: boolean; readonly tag: string | undefined };

const list: CommandModule<object, ListArgs> = {
  command: "list",
  describe: "The scenarios: what each could break",
  builder: (yargs): Argv<ListArgs> =>
    yargs
      .option("json", { type: "boolean", default: false, describe: "one JSON document" })
      .option("tag", { type: "string", describe: "those with this tag; mit: the KV labs of MIT" })
      .example("$0 chaos list --json", "for a script")
      .example("$0 chaos list --tag mit", "the labs"),
  handler: async ({ json, tag }) => {
    const { scenariosOf } = await import("../chaos/catalog.ts");
    const { faultKindsOf } = await import("../chaos/describe.ts");
    const scenarios = (await scenariosOf(tag)).map((scenario) => ({
      name: scenario.name,
      about: scenario.about,
      nodes: scenario.cluster.nodes,
      durationMs: scenario.durationMs,
      faults: faultKindsOf(scenario),
      parameters: scenario.parameters ?? {},
    }));
    if (json) return console.log(JSON.stringify({ scenarios }, null, 2));
    for (const { name, about, nodes, faults, parameters } of scenarios) {
      const broken = faults.length === 0 ? "no fault" : faults.join(", ");
      console.log(`${name}  (${nodes} nodes; ${broken})\n    ${about}`);
      for (const [key, own] of Object.entries(parameters)) {
        console.log(`    --param ${key}=${own.default}  (${own.min} to ${own.max}) ${own.about}`);
      }
    }
  },
};

type ShowArgs = {
  readonly name: string;
  readonly seed: number;
  readonly duration: string | undefined;
  readonly nodes: number | undefined;
  readonly param: string[];
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
      .option("param", PARAM)
      .option("json", {
        type: "boolean",
        default: false,
        describe: "scenario and schedule as data",
      })
      .example("$0 chaos show kitchen-sink --seed 7 --duration 10s", "what would happen when"),
  handler: async (args) => {
    const { describeParameters } = await import("../chaos/parameters.ts");
    const { printSchedule, scheduleOf } = await import("../chaos/schedule.ts");
    const { withChanges } = await import("../chaos/options.ts");
    const [found] = await pick([args.name], args.param);
    if (found === undefined) return;
    const scenario = withChanges(found, { nodes: args.nodes });
    const durationMs = await durationOf(args.duration, scenario.durationMs);
    const schedule = scheduleOf(scenario, await seedOf(args.seed), durationMs);
    if (args.json) {
      return console.log(JSON.stringify({ seed: args.seed, scenario, schedule }, null, 2));
    }
    console.log(`${scenario.name}, seed ${args.seed}, ${durationMs / 1000} s\n${scenario.about}\n`);
    for (const line of describeParameters(scenario)) console.log(line);
    console.log(printSchedule(schedule).join("\n"));
  },
};

type RunArgs = TargetFlags & {
  readonly names: string[] | undefined;
  readonly all: boolean;
  readonly tag: string | undefined;
  readonly seed: number | undefined;
  readonly duration: string | undefined;
  readonly nodes: number | undefined;
  readonly clients: number | undefined;
  readonly rate: number | undefined;
  readonly fsync: FsyncMode | undefined;
  readonly sharded: boolean;
  readonly reports: string;
  readonly keep: boolean;
  readonly record: boolean | undefined;
  readonly reproduce: boolean;
  readonly "stop-on-violation": boolean;
  readonly json: boolean;
  readonly progress: ProgressStyle;
  readonly repeat: number | undefined;
  readonly "until-failure": boolean;
  readonly time: string | undefined;
  readonly jobs: number;
  readonly param: string[];
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
      .option("tag", {
        type: "string",
        describe: "every scenario with this tag, in a table; mit: the KV labs of MIT",
      })
      .option("target", {
        type: "string",
        default: "ordeal",
        describe: `the system to run them on: ${CHAOS_TARGET_NAMES.join(", ")} (in virtual time), or the path of a module; --all leaves out what it cannot do`,
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
      .option("sharded", {
        type: "boolean",
        default: false,
        describe: "on 4 groups with 12 shards, but where a scenario says otherwise",
      })
      .option("reports", { type: "string", default: "reports", describe: "where reports go" })
      .option("keep", { type: "boolean", default: false, describe: "keep node data after a pass" })
      .option("record", {
        type: "boolean",
        describe:
          "record all inputs of every node, for `ordeal replay`; default: of short runs at a moderate rate, kept if they fail",
      })
      .option("reproduce", {
        type: "boolean",
        default: false,
        describe: "try each failure again at once, in every way that `chaos reproduce` knows",
      })
      .options(WATCHING)
      .option("repeat", { type: "number", describe: "each so many times, with the next seed" })
      .option("until-failure", {
        type: "boolean",
        default: false,
        describe: "over and over, until a run does not pass",
      })
      .option("time", { type: "string", describe: "over and over for so long: 10m, 1h" })
      .option("jobs", { type: "number", default: 1, describe: "so many runs at once" })
      .option("param", PARAM)
      .example("$0 chaos run --all --time 1h", "every scenario, over and over")
      .example("$0 chaos run storm --param loss=0.2", "with one of its parameters changed")
      .example("$0 chaos run leader-churn bridge --seed 7 --duration 10s", "two scenarios")
      .example("$0 chaos run --all --target etcd", "whatever etcd can do")
      .example("$0 chaos run crash-all --target ./my-target.ts", "your own system")
      .example("$0 chaos run --tag mit", "the KV labs, a line each")
      .epilogue(
        "Exit codes: 0 pass, 2 correctness violated, 3 unknown, 64 bad input, 130 interrupted.",
      ),
  handler: runAll,
};

async function runAll(args: ArgumentsCamelCase<RunArgs>): Promise<void> {
  const { EXIT_INTERRUPTED, EXIT_OF, printSummary, randomSeed, runAndShow } =
    await import("./run-scenario.ts");
  const { durationAsFlag, withChanges } = await import("../chaos/options.ts");
  const { worst } = await import("../chaos/judge.ts");

  const { runAsJson } = await import("./run-json.ts");
  const { chooseTarget, placeOf } = await import("./choose-target.ts");
  const { adaptedTo } = await import("../chaos/possible.ts");
  const { target, play } = await chooseTarget(args);
  const { tag } = args;
  const isMany = args.all || tag !== undefined;
  const { names, skipped } = isMany
    ? await allNames(target, tag, args.sharded)
    : chosen(args.names);
  const scenarios = (await pick(names, args.param)).map((scenario) =>
    adaptedTo(target, withChanges(scenario, args)),
  );
  for (const { name, reasons } of skipped) console.error(`skipped ${name}: ${reasons.join("; ")}`);
  const seed = args.seed === undefined ? randomSeed() : await seedOf(args.seed);
  const { tableHead, tableRow, tableSummary } = await import("./chaos-table.ts");
  const isTable = tag !== undefined && !args.json;
  if (isTable) console.log(tableHead());
  const { checkSession, playSession, sessionAsJson, sessionLines } =
    await import("./chaos-session.ts");
  const timeMs = args.time === undefined ? undefined : await durationOf(args.time, 0);
  const flags = { ...args, timeMs };
  checkSession(flags);
  const { afterRun } = await import("./reproduce/after-run.ts");
  const after = new Map<RunOutcome, AfterRun>();
  const runOne = async ({ at, seed }: Planned): Promise<RunOutcome | null> => {
    const scenario = scenarios[at]!;
    const durationMs = await durationOf(args.duration, scenario.durationMs);
    const command =
      `ordeal chaos run ${names[at]} --seed ${seed} --duration ${durationAsFlag(durationMs)}` +
      (await flagsOf(args, scenario));
    const settings = { kind: "chaos", seed, durationMs, command, target, play } as const;
    const outcome = await runAndShow(scenario, {
      ...settings,
      place: placeOf(args),
      reportsDir: args.reports,
      keep: args.keep,
      record: args.record,
      stopOnViolation: args["stop-on-violation"],
      progress: args.progress,
    });
    if (outcome === null) return null;
    if (isTable) console.log(tableRow(outcome));
    // A line says that it failed, not why.
    if (!args.json && !(isTable && outcome.report.verdict === "pass")) printSummary(outcome);
    const more = await afterRun(outcome, args.reproduce);
    if (more === null) return null;
    if (!args.json) for (const line of more.lines) console.log(line);
    after.set(outcome, more);
    return outcome;
  };
  const session = await playSession(scenarios.length, seed, flags, runOne);
  if (session.isInterrupted) {
    process.exitCode = EXIT_INTERRUPTED;
    return;
  }
  const { outcomes } = session;
  const verdict = worst(outcomes.map(({ report }) => report.verdict));
  const runs = outcomes.map((one) => ({ ...runAsJson(one), ...after.get(one)?.json }));
  if (isTable) console.log(tableSummary(outcomes, seed));
  else if (!args.json && outcomes.length !== 1) console.log(sessionLines(session).join("\n"));
  const whole = { verdict, session: sessionAsJson(session), runs, skipped };
  if (args.json) console.log(JSON.stringify(whole, null, 2));
  process.exitCode = EXIT_OF[verdict];
}

/** What of the flags makes a difference to one run, with a space before each. */
async function flagsOf(args: RunArgs, scenario: Scenario): Promise<string> {
  const { changesAsFlags } = await import("../chaos/options.ts");
  const { parseValues, valuesAsFlags, valuesFor } = await import("../chaos/parameters.ts");
  const { targetAsFlags } = await import("./choose-target.ts");
  return (
    targetAsFlags(args) +
    changesAsFlags(args) +
    valuesAsFlags(valuesFor(scenario, parseValues(args.param))) +
    (args["stop-on-violation"] ? "" : " --no-stop-on-violation")
  );
}

type Choice = {
  readonly names: readonly string[];
  readonly skipped: readonly { readonly name: string; readonly reasons: readonly string[] }[];
};

const chosen = (names: readonly string[] = []): Choice => ({ names, skipped: [] });

/** Every scenario, or those of a tag, that the target can play, and why not those that it cannot. */
async function allNames(
  target: Target,
  tag: string | undefined,
  sharded: boolean,
): Promise<Choice> {
  const { whyNotSharded } = await import("../chaos/validate-shards.ts");
  const { scenariosOf } = await import("../chaos/catalog.ts");
  const { adaptedTo, whyImpossible } = await import("../chaos/possible.ts");
  const all = (await scenariosOf(tag)).map((scenario) => ({
    name: scenario.name,
    reasons: [
      ...whyImpossible(target, adaptedTo(target, scenario)),
      ...(sharded ? whyNotSharded(scenario) : []),
    ],
  }));
  return {
    names: all.filter(({ reasons }) => reasons.length === 0).map(({ name }) => name),
    skipped: all.filter(({ reasons }) => reasons.length > 0),
  };
}

/** The scenarios of these names or paths. Throws UserError with the nearest name for each unknown. */
async function pick(names: readonly string[], params: readonly string[] = []) {
  const { findScenarios } = await import("../chaos/catalog.ts");
  const { parseValues } = await import("../chaos/parameters.ts");
  return findScenarios(names, parseValues(params));
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
