import type { Argv, CommandModule } from "yargs";
import { FSYNC_MODES, type FsyncMode } from "../lib/fsync.ts";

type DemoArgs = {
  readonly seed: number | undefined;
  readonly duration: string;
  readonly fsync: FsyncMode | undefined;
  readonly reports: string;
  readonly "stop-on-violation": boolean;
  readonly json: boolean;
};

/** The tour: a cluster under load, four faults, a verdict and a report, within a minute. */
export const command: CommandModule<object, DemoArgs> = {
  command: "demo",
  describe: "A cluster under load and faults, its verdict and its report",
  builder: (yargs): Argv<DemoArgs> =>
    yargs
      .option("seed", { type: "number", describe: "repeats the draws of a run; default: random" })
      .option("duration", { type: "string", default: "20s", describe: "of the load" })
      .option("fsync", {
        choices: FSYNC_MODES,
        describe: "when nodes sync their logs; never is UNSAFE; default: batch",
      })
      .option("reports", { type: "string", default: "reports", describe: "where reports go" })
      .option("stop-on-violation", {
        type: "boolean",
        default: true,
        describe: "end the load as soon as the history is seen to be illegal",
      })
      .option("json", { type: "boolean", default: false, describe: "one JSON document on stdout" })
      .example("$0 demo", "five nodes, twenty seconds")
      .epilogue(
        "Exit codes: 0 pass, 2 correctness violated, 3 unknown, 64 bad input, 130 interrupted.",
      ),
  handler: async (args) => {
    const { parseCount, parseDurationMs } = await import("./parse.ts");
    const { EXIT_INTERRUPTED, EXIT_OF, printSummary, randomSeed, runAndShow } =
      await import("./run-scenario.ts");
    const { findScenarios } = await import("../chaos/catalog.ts");
    const { changesAsFlags, checkDuration, durationAsFlag, withChanges } =
      await import("../chaos/options.ts");

    const { runAsJson } = await import("./run-json.ts");
    const durationMs = checkDuration(parseDurationMs(args.duration, "--duration"));
    const seed = args.seed === undefined ? randomSeed() : parseCount(args.seed, "--seed", 0);
    const changes = { fsync: args.fsync };
    const command =
      `ordeal demo --seed ${seed} --duration ${durationAsFlag(durationMs)}` +
      changesAsFlags(changes) +
      (args["stop-on-violation"] ? "" : " --no-stop-on-violation");
    const [found] = await findScenarios(["demo"]);
    if (found === undefined) return;
    const scenario = withChanges(found, changes);
    const settings = { kind: "demo", seed, durationMs, command, keep: false } as const;
    const stopOnViolation = args["stop-on-violation"];
    const outcome = await runAndShow(scenario, {
      ...settings,
      reportsDir: args.reports,
      stopOnViolation,
    });
    if (outcome === null) {
      process.exitCode = EXIT_INTERRUPTED;
      return;
    }
    if (args.json) console.log(JSON.stringify(runAsJson(outcome), null, 2));
    else printSummary(outcome);
    process.exitCode = EXIT_OF[outcome.report.verdict];
  },
};
