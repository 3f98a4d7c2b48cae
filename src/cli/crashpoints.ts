import { availableParallelism } from "node:os";
import type { Argv, CommandModule } from "yargs";
import type { PowerLossKeeps } from "../fault/vocabulary.ts";
import type { SimResult } from "../sim/api.ts";
import type { CrashOptions, Cut, Judge, Power } from "../sim/crashpoints/run.ts";
import type { Choice, CutOutcome } from "./crashpoints/explore.ts";
import type { Tally } from "./crashpoints/tally.ts";

const EXIT_VIOLATED = 2;
const EXIT_UNKNOWN = 3;
const EXIT_SOFTWARE = 70;
const NODES_MAX = 7;

type Args = {
  readonly nodes: number;
  readonly seed: number;
  readonly point: number | undefined;
  readonly outcome: PowerLossKeeps | undefined;
  readonly power: Power | undefined;
  readonly judge: Judge;
  readonly jobs: number;
  readonly json: boolean;
};

/** Cuts the power at every boundary of a short simulated run, and checks what comes of it. */
export const command: CommandModule<object, Args> = {
  command: "crashpoints",
  describe: "Cut the power at every write, sync, rename and send of a short run",
  builder: (yargs): Argv<Args> =>
    yargs
      .option("nodes", { type: "number", default: 3, describe: "voters of the simulated cluster" })
      .option("seed", { type: "number", default: 1, describe: "of the run: another one, others" })
      .option("point", { type: "number", describe: "cut at this one alone; 0: run without a cut" })
      .option("outcome", {
        choices: ["nothing", "prefix", "subset", "torn"] as const,
        describe: "what the disks keep of what was not synced; without it: each",
      })
      .option("power", {
        choices: ["one", "all", "again"] as const,
        describe:
          "whose: the node's, all nodes', or the node's and its restarts'; without it: each",
      })
      .option("judge", {
        choices: ["all", "loss"] as const,
        default: "all" as const,
        describe: "every invariant; or only what is lost, not what was said too early",
      })
      .option("jobs", {
        type: "number",
        default: availableParallelism(),
        describe: "processes that share the work",
      })
      .option("json", { type: "boolean", default: false, describe: "one JSON document on stdout" })
      .example("$0 crashpoints", "every point, outcome and power: about a minute")
      .example(
        "$0 crashpoints --point 512 --outcome torn --power all",
        "one again, with its story",
      ),
  handler,
};

async function handler(args: Args): Promise<void> {
  const { parseCount } = await import("./parse.ts");
  const options: CrashOptions = {
    nodes: parseCount(args.nodes, "--nodes", 1, NODES_MAX),
    seed: parseCount(args.seed, "--seed", 0),
    judge: args.judge,
  };
  const jobs = parseCount(args.jobs, "--jobs", 1, 64);
  const { listPoints } = await import("../sim/crashpoints/run.ts");
  const { points, result } = listPoints(options);
  const { newTally } = await import("./crashpoints/tally.ts");
  const point =
    args.point === undefined ? null : parseCount(args.point, "--point", 0, points.length);
  const choice: Choice = { point, keeps: args.outcome ?? null, power: args.power ?? null };
  if (point === 0 || result.verdict !== "pass") {
    const tally = newTally(options, points, 1);
    addUncut(tally, result);
    return finish(tally, args.json);
  }
  const { cutsOf, explore } = await import("./crashpoints/explore.ts");
  const total = cutsOf(points.length, choice).length;
  const tally = newTally(options, points, total);
  await cutAll(tally, (onOutcome) =>
    explore({ options, choice, points: points.length }, Math.min(jobs, total), onOutcome),
  );
  await finish(tally, args.json, total === 1 ? cutsOf(points.length, choice)[0]! : null);
}

/** The run without a cut: if that fails, no cut is needed to show it. */
function addUncut(tally: Tally, { verdict, violation, traceHash, stats }: SimResult): void {
  const cut: Cut = { point: 0, keeps: "nothing", power: "one" };
  const outcome: CutOutcome = { cut, verdict, violation, traceHash, crashes: stats.crashes };
  tally.runs = 1;
  tally.crashes = stats.crashes;
  if (verdict === "fail") [tally.failures, tally.first] = [1, outcome];
  if (verdict === "unknown") [tally.unknown, tally.firstUnknown] = [1, outcome];
}

async function cutAll(
  tally: Tally,
  run: (onOutcome: (outcome: CutOutcome) => void) => Promise<void>,
): Promise<void> {
  const { addOutcome } = await import("./crashpoints/tally.ts");
  const { openProgress } = await import("./crashpoints/progress.ts");
  const progress = openProgress(process.stderr);
  const startedAt = performance.now();
  await run((outcome) => {
    addOutcome(tally, outcome);
    tally.wallMs = performance.now() - startedAt;
    progress.update(tally);
  });
  progress.close();
  tally.wallMs = performance.now() - startedAt;
}

/** Prints what came of it; `single`: the one cut that was asked for, whose story is told. */
async function finish(tally: Tally, json: boolean, single: Cut | null = null): Promise<void> {
  const { documentOf, summaryOf, tableOf, verdictOf } = await import("./crashpoints/tally.ts");
  const { first, options } = tally;
  const isRepeatable = first === null || (await comesOutAgain(options, first));
  if (json) console.log(JSON.stringify(documentOf(tally, isRepeatable), null, 2));
  else {
    if (tally.total > 1) console.log(`${tableOf(tally)}\n`);
    const cut = first?.cut ?? single;
    if (cut !== null) await tellStory(options, cut);
    console.log(summaryOf(tally, isRepeatable));
  }
  const code = { pass: 0, fail: EXIT_VIOLATED, unknown: EXIT_UNKNOWN }[verdictOf(tally)];
  process.exitCode = isRepeatable ? code : EXIT_SOFTWARE;
}

/** A failure counts only as what it is once it has come out the same twice. */
async function comesOutAgain(options: CrashOptions, first: CutOutcome): Promise<boolean> {
  const { crashAt } = await import("../sim/crashpoints/run.ts");
  const { violation, traceHash } = crashAt(options, first.cut);
  return traceHash === first.traceHash && violation?.message === first.violation?.message;
}

async function tellStory(options: CrashOptions, cut: Cut): Promise<void> {
  const { storyOfCrash } = await import("../sim/crashpoints/run.ts");
  const { storyLines } = await import("../sim/story-text.ts");
  console.log(`${storyLines(storyOfCrash(options, cut)).join("\n")}\n`);
}
