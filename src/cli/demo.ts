import type { Argv, CommandModule } from "yargs";
import type { Scenario } from "../chaos/scenario.ts";
import { FSYNC_MODES, type FsyncMode } from "../lib/fsync.ts";
import { PLANTED } from "./planted/names.ts";
import { type ProgressStyle, WATCHING } from "./progress-lines.ts";

type DemoArgs = {
  readonly seed: number | undefined;
  readonly duration: string | undefined;
  readonly planted: (typeof PLANTED)[number] | undefined;
  readonly fsync: FsyncMode | undefined;
  readonly reports: string;
  readonly "stop-on-violation": boolean;
  readonly json: boolean;
  readonly progress: ProgressStyle;
};

const DURATION = { demo: "20s", planted: "10s" };

/** The tour: a cluster under load, four faults, a verdict and a report, within a minute. */
export const command: CommandModule<object, DemoArgs> = {
  command: "demo",
  describe: "A cluster under load and faults, its verdict and its report",
  builder: (yargs): Argv<DemoArgs> =>
    yargs
      .option("seed", { type: "number", describe: "repeats the draws of a run; default: random" })
      .option("duration", {
        type: "string",
        describe: "of the load; default: 20s, of a planted fault 10s at most",
      })
      .option("planted", {
        choices: PLANTED,
        describe:
          "change the nodes of this run on purpose, so that gets skip ReadIndex, and see the violation explained",
      })
      .option("fsync", {
        choices: FSYNC_MODES,
        describe: "when nodes sync their logs; never is UNSAFE; default: batch",
      })
      .option("reports", { type: "string", default: "reports", describe: "where reports go" })
      .options(WATCHING)
      .example("$0 demo", "five nodes, twenty seconds")
      .example("$0 demo --planted stale-read", "what a violation looks like: exits with 2")
      .epilogue(
        "Exit codes: 0 pass, 2 correctness violated, 3 unknown, 64 bad input, 130 interrupted.",
      ),
  handler: async (args) => {
    const { isPlanted, PLANTED_NOTE, runPlanted } = await import("./planted/run.ts");
    const isPlant = args.planted !== undefined;
    if (isPlant && !isPlanted()) {
      process.exitCode = await runPlanted(process.argv.slice(2));
      return;
    }
    const { parseCount, parseDurationMs } = await import("./parse.ts");
    const { EXIT_INTERRUPTED, EXIT_OF, printSummary, randomSeed, runAndShow } =
      await import("./run-scenario.ts");
    const { changesAsFlags, checkDuration, durationAsFlag, withChanges } =
      await import("../chaos/options.ts");
    const { runAsJson } = await import("./run-json.ts");

    const duration = args.duration ?? (isPlant ? DURATION.planted : DURATION.demo);
    const durationMs = checkDuration(parseDurationMs(duration, "--duration"));
    const seed = args.seed === undefined ? randomSeed() : parseCount(args.seed, "--seed", 0);
    const changes = { fsync: args.fsync };
    const command =
      "ordeal demo" +
      (isPlant ? ` --planted ${args.planted}` : "") +
      ` --seed ${seed} --duration ${durationAsFlag(durationMs)}` +
      changesAsFlags(changes) +
      (args["stop-on-violation"] ? "" : " --no-stop-on-violation");
    const scenario = withChanges(await scenarioOf(isPlant), changes);
    const settings = { kind: "demo", seed, durationMs, command, keep: false } as const;
    if (isPlant) console.error(PLANTED_NOTE);
    const outcome = await runAndShow(scenario, {
      ...settings,
      reportsDir: args.reports,
      stopOnViolation: args["stop-on-violation"],
      progress: args.progress,
      // For the story of the violation.
      ...(isPlant && { record: "failures" }),
    });
    if (outcome === null) {
      process.exitCode = EXIT_INTERRUPTED;
      return;
    }
    if (args.json) console.log(JSON.stringify(runAsJson(outcome), null, 2));
    else printSummary(outcome);
    if (isPlant && !args.json) console.log(`\n${PLANTED_NOTE}`);
    process.exitCode = EXIT_OF[outcome.report.verdict];
  },
};

async function scenarioOf(isPlant: boolean): Promise<Scenario> {
  if (isPlant) return (await import("./planted/scenario.ts")).plantedStaleRead;
  const { findScenarios } = await import("../chaos/catalog.ts");
  return (await findScenarios(["demo"]))[0]!;
}
