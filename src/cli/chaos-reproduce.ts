import type { Argv, CommandModule } from "yargs";

const EXIT_REPRODUCED = 2;
const EXIT_NOT = 3;
const EXIT_INTERRUPTED = 130;

type Args = {
  readonly run: string;
  readonly times: number;
  readonly shrink: string;
  readonly seeds: number;
  readonly json: boolean;
};

/** Tries the failure of a run again: on real processes, from recordings, in the simulator; and makes it small. */
export const reproduce: CommandModule<object, Args> = {
  command: "reproduce <run>",
  describe: "Try a failed run again, on real processes and in the simulator, and make it small",
  builder: (yargs): Argv<Args> =>
    yargs
      .positional("run", {
        type: "string",
        demandOption: true,
        describe: "the directory of a run that failed",
      })
      .option("times", {
        type: "number",
        default: 3,
        describe: "real runs for each rate that is told",
      })
      .option("shrink", {
        type: "string",
        default: "60s",
        describe: "what taking faults away on real processes may take",
      })
      .option("seeds", { type: "number", default: 200, describe: "simulated runs at most" })
      .option("json", { type: "boolean", default: false, describe: "one JSON document on stdout" })
      .example(
        "$0 chaos reproduce reports/chaos/paused-leader/RUN",
        "does it fail again, and of what little?",
      )
      .epilogue(
        "What it finds is kept in RUN/reproduction. Exit codes: 2 the failure came back, 3 it did not, 64 bad input, 130 interrupted.",
      ),
  handler,
};

async function handler(args: Args): Promise<void> {
  const { parseCount, parseDurationMs } = await import("./parse.ts");
  const { readFailedRun } = await import("./reproduce/failed-run.ts");
  const { reproduce: tryAgain } = await import("./reproduce/reproduce.ts");
  const { reproductionLines } = await import("./reproduce/text.ts");
  const { Stopped } = await import("./reproduce/on-processes.ts");
  const options = {
    times: parseCount(args.times, "--times", 1, 1_000),
    shrinkMs: parseDurationMs(args.shrink, "--shrink"),
    seedsMax: parseCount(args.seeds, "--seeds"),
    now: () => performance.now(),
    say: (text: string) => console.error(`… ${text}`),
  };
  try {
    const found = await tryAgain(await readFailedRun(args.run), options);
    if (args.json) console.log(JSON.stringify(found, null, 2));
    else console.log(reproductionLines(found).join("\n"));
    const cameBack = found.again.failed > 0 || found.simulated.kind === "reproduced";
    process.exitCode = cameBack ? EXIT_REPRODUCED : EXIT_NOT;
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    process.exitCode = EXIT_INTERRUPTED;
  }
}
