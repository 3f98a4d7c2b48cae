import type { Argv, CommandModule } from "yargs";
import type { KeptFailure } from "./sim/failing-run.ts";
import type { SeedOptions } from "./sim/hunt.ts";
import type { KeptShards } from "./sim/sharded.ts";
import type { Tally } from "./sim/tally.ts";

const EXIT_VIOLATED = 2;
const EXIT_UNKNOWN = 3;
const EXIT_SOFTWARE = 70;
const EXIT_OF = { pass: 0, fail: EXIT_VIOLATED, unknown: EXIT_UNKNOWN };
const SEEDS_DEFAULT = 100;

type Args = {
  readonly seed: number | undefined;
  readonly seeds: number | undefined;
  readonly nodes: string;
  readonly duration: string;
  readonly jobs: number;
  readonly replay: string | undefined;
  readonly scenario: string | undefined;
  readonly sharded: boolean | undefined;
  readonly reports: string;
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
      .option("replay", {
        type: "string",
        describe: "run one schedule file and tell its story, instead of seeds",
        conflicts: ["seed", "seeds"],
      })
      .option("scenario", {
        type: "string",
        describe: "the MIT Raft labs instead: mit, a part such as 3B, or one such as 3B/Backup",
        conflicts: ["replay"],
      })
      .option("sharded", {
        type: "boolean", // Without a default, which would count as given against the others.
        describe: "clusters of many groups, whose shards move; --nodes does not apply",
        conflicts: ["replay", "scenario"],
      })
      .option("reports", {
        type: "string",
        default: "reports",
        describe: "where a failing run leaves its schedule and its story",
      })
      .option("json", { type: "boolean", default: false, describe: "one JSON document on stdout" })
      .example("$0 sim --seeds 1000 --nodes 5", "a thousand schedules")
      .example("$0 sim --seed 55", "one schedule again, exactly as it was")
      .example("$0 sim --sharded --seeds 1000 --jobs 2", "sharded clusters")
      .example("$0 sim --scenario mit", "the MIT Raft labs 3A to 3D and 4A")
      .example("$0 sim --replay schedule.json", "one that was shrunk and kept"),
  handler,
};

async function handler(args: Args): Promise<void> {
  if (args.replay !== undefined) return replay(args.replay, args.json);
  const { parseCount, parseDurationMs } = await import("./parse.ts");
  const { huntSeeds } = await import("./sim/hunt.ts");
  const seed = args.seed === undefined ? 1 : parseCount(args.seed, "--seed", 0);
  const only = args.seed !== undefined && args.seeds === undefined;
  if (args.scenario !== undefined) {
    const { runLabs } = await import("./sim/labs.ts");
    const { scenario, json } = args;
    const each = parseCount(args.seeds ?? 1, "--seeds");
    process.exitCode = runLabs({ scenario, firstSeed: seed, seeds: each, json });
    return;
  }
  const seeds = only ? 1 : parseCount(args.seeds ?? SEEDS_DEFAULT, "--seeds");
  const options: SeedOptions = {
    nodes: await parseNodes(args.nodes),
    durationMs: parseDurationMs(args.duration, "--duration"),
    ...(args.sharded === true && { sharded: true }),
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
    args.sharded
      ? `ordeal sim --sharded --seed ${failed} --duration ${args.duration}`
      : `ordeal sim --seed ${failed} --nodes ${args.nodes} --duration ${args.duration}`;
  const kept = await keep(tally, options, args.reports);
  if (args.json) console.log(JSON.stringify({ ...documentOf(tally, repeat), kept }, null, 2));
  else console.log(summaryOf(tally, repeat));
  if (kept !== null && !args.json) console.log(await keptText(kept));
  process.exitCode = exitCodeOf(tally);
}

/** Shrinks what failed and stores it; null: nothing did, or not the same way twice. */
async function keep(
  { failure }: Tally,
  options: SeedOptions,
  reports: string,
): Promise<KeptFailure | KeptShards | null> {
  if (failure?.isRepeatable !== true) return null;
  if (options.sharded === true) {
    const { keepShards } = await import("./sim/sharded.ts");
    return keepShards(failure.seed, options, reports);
  }
  const { drawSchedule } = await import("../sim/swarm.ts");
  const { keepFailure } = await import("./sim/failing-run.ts");
  return keepFailure(drawSchedule(failure.seed, options), reports, `seed-${failure.seed}`);
}

async function keptText(kept: KeptFailure | KeptShards): Promise<string> {
  if ("story" in kept) return (await import("./sim/failing-run.ts")).failureText(kept);
  return (await import("./sim/sharded.ts")).keptShardsText(kept);
}

async function replay(path: string, json: boolean): Promise<void> {
  const { readText, replaySchedule, replayText } = await import("./sim/replay-schedule.ts");
  const { isShardSchedule } = await import("../sim/shards/schedule-file.ts");
  const text = readText(path);
  if (isShardSchedule(text)) return replaySharded(text, path, json);
  const replayed = replaySchedule(text, path);
  const { file, result, isRepeatable } = replayed;
  if (json) {
    const { reason, violation: then } = file;
    console.log(JSON.stringify({ ...result, isRepeatable, reason, then }, null, 2));
  } else console.log(replayText(path, replayed));
  process.exitCode = isRepeatable ? EXIT_OF[result.verdict] : EXIT_SOFTWARE;
}

async function replaySharded(text: string, path: string, json: boolean): Promise<void> {
  const { replayedShardsText, replayShards } = await import("./sim/sharded.ts");
  const replayed = replayShards(text, path);
  const { file, result, isRepeatable } = replayed;
  const { reason, violation: then } = file;
  if (json) console.log(JSON.stringify({ ...result, isRepeatable, reason, then }, null, 2));
  else console.log(replayedShardsText(path, replayed));
  process.exitCode = isRepeatable ? EXIT_OF[result.verdict] : EXIT_SOFTWARE;
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
