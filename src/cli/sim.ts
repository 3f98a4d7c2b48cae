import type { Argv, CommandModule } from "yargs";
import type { DrawOptions } from "../sim/swarm.ts";
import type { Tally } from "./sim/tally.ts";

const EXIT_VIOLATED = 2;
const EXIT_UNKNOWN = 3;
const EXIT_SOFTWARE = 70;
const SEEDS_DEFAULT = 100;

type Args = {
  readonly seed: number | undefined;
  readonly seeds: number | undefined;
  readonly nodes: string;
  readonly duration: string;
  readonly jobs: number;
  readonly json: boolean;
};

/** Runs simulated clusters under drawn faults, and checks every invariant after every event. */
export const command: CommandModule<object, Args> = {
  command: "sim",
  describe: "Hunt for bugs in simulated clusters, many schedules a second",
  builder: (yargs): Argv<Args> =>
    yargs
      .option("seeds", { type: "number", describe: `schedules to run (default ${SEEDS_DEFAULT})` })
      .option("seed", {
        type: "number",
        describe: "the first seed (default 1); without --seeds: that one alone",
      })
      .option("nodes", {
        type: "string",
        default: "3..7",
        describe: "voters: a number, or a range of which each seed draws one",
      })
      .option("duration", {
        type: "string",
        default: "20s",
        describe: "virtual time of faults and load",
      })
      .option("jobs", { type: "number", default: 1, describe: "processes that share the work" })
      .option("json", { type: "boolean", default: false, describe: "one JSON document on stdout" })
      .example("$0 sim --seeds 1000 --nodes 5", "a thousand schedules")
      .example("$0 sim --seed 55", "one schedule again, exactly as it was"),
  handler,
};

async function handler(args: Args): Promise<void> {
  const { parseCount, parseDurationMs } = await import("./parse.ts");
  const { huntSeeds } = await import("./sim/hunt.ts");
  const seed = args.seed === undefined ? 1 : parseCount(args.seed, "--seed", 0);
  const only = args.seed !== undefined && args.seeds === undefined;
  const seeds = only ? 1 : parseCount(args.seeds ?? SEEDS_DEFAULT, "--seeds");
  const options: DrawOptions = {
    nodes: await parseNodes(args.nodes),
    durationMs: parseDurationMs(args.duration, "--duration"),
  };
  const jobs = Math.min(parseCount(args.jobs, "--jobs", 1, 64), seeds);
  const { openProgress } = await import("./sim/progress.ts");
  const progress = openProgress(process.stderr, seeds);
  const tally = await huntSeeds({ first: seed, seeds, jobs, options }, (done) =>
    progress.update(done),
  );
  progress.close();
  const { documentOf, summaryOf } = await import("./sim/tally.ts");
  const repeat = (failed: number): string =>
    `ordeal sim --seed ${failed} --nodes ${args.nodes} --duration ${args.duration}`;
  if (args.json) console.log(JSON.stringify(documentOf(tally, repeat), null, 2));
  else console.log(summaryOf(tally, repeat));
  process.exitCode = exitCodeOf(tally);
}

function exitCodeOf({ failure, unknown }: Tally): number {
  if (failure?.isRepeatable === false) return EXIT_SOFTWARE;
  if (failure !== null) return EXIT_VIOLATED;
  return unknown > 0 ? EXIT_UNKNOWN : 0;
}

/** "5", or "3..7". Throws UserError. */
async function parseNodes(text: string): Promise<{ readonly min: number; readonly max: number }> {
  const { UserError } = await import("../lib/user-error.ts");
  const { NODES_MAX } = await import("../sim/api.ts");
  const match = /^(\d+)(?:\.\.(\d+))?$/.exec(text.trim());
  const min = Number(match?.[1] ?? NaN);
  const max = Number(match?.[2] ?? match?.[1] ?? NaN);
  if (min >= 1 && min <= max && max <= NODES_MAX) return { min, max };
  throw new UserError("bad number of nodes", [
    {
      where: "--nodes",
      what: `"${text}" is not a number or range from 1 to ${NODES_MAX}`,
      fix: "write it like 5 or 3..7",
    },
  ]);
}
