import { availableParallelism } from "node:os";
import type { Argv, CommandModule } from "yargs";
import type { Arena, Mutant } from "../chaos/mutant.ts";
import type { Finding } from "./mutants/hunt.ts";
import type { MatrixDocument } from "./mutants/matrix.ts";

const EXIT_MISSED = 2;
/** Clean seeds lie apart from those of the hunts. */
const CLEAN_FIRST = 500_000_000;
const CLEAN_SEEDS_A_JOB = 250;

type Args = {
  readonly names: readonly string[];
  readonly list: boolean;
  readonly starts: number;
  readonly seeds: number;
  readonly limit: string;
  readonly arena: Arena["kind"] | undefined;
  readonly jobs: number;
  readonly "clean-seeds": number;
  readonly out: string | undefined;
  readonly json: boolean;
};

/** Plants known Raft bugs, one at a time, and tells which detector finds each, and how soon. */
export const command: CommandModule<object, Args> = {
  command: "mutants [names..]",
  describe: "Plant known Raft bugs, and see which detector finds each",
  builder: (yargs): Argv<Args> =>
    yargs
      .positional("names", {
        type: "string",
        array: true,
        default: [] as string[],
        describe: "mutants, as in --list; none: all of them",
      })
      .option("list", { type: "boolean", default: false, describe: "what there is to plant" })
      .option("starts", { type: "number", default: 5, describe: "hunts of each mutant" })
      .option("seeds", { type: "number", default: 2_000, describe: "schedules of one hunt" })
      .option("limit", {
        type: "string",
        default: "60s",
        describe: "time for the hunts of a mutant",
      })
      .option("arena", {
        choices: ["sim", "sharded", "partial", "wal", "frames", "crashpoints"] as const,
        describe: "where to hunt; without it: where each mutant says",
      })
      .option("jobs", {
        type: "number",
        default: availableParallelism(),
        describe: "mutants hunted at a time, each in a process of its own",
      })
      .option("clean-seeds", {
        type: "number",
        default: 1_000,
        describe: "schedules on the code as it is, where every alarm is false",
      })
      .option("out", { type: "string", describe: "directory for mutants.json and mutants.md" })
      .option("json", { type: "boolean", default: false, describe: "one JSON document on stdout" })
      .example("$0 mutants commit-prior-term", "the bug of figure 8")
      .example("$0 mutants --arena crashpoints vote-no-fsync", "by cutting the power")
      .example("$0 mutants --clean-seeds 10000 --out reports/baselines", "the committed matrix"),
  handler,
};

async function handler(args: Args): Promise<void> {
  const { findMutants } = await import("./mutants/catalogue.ts");
  const { parseCount } = await import("./parse.ts");
  const mutants = inArena(await findMutants(args.names), args.arena);
  if (args.list) return list(mutants, args.json);
  parseCount(args.starts, "--starts");
  parseCount(args.seeds, "--seeds");
  parseCount(args.jobs, "--jobs", 1, 64);
  parseCount(args["clean-seeds"], "--clean-seeds", 0);
  const findings = await hunt(mutants, args);
  const falseAlarms = await countFalseAlarms(mutants, args);
  const document: MatrixDocument = {
    command: commandOf(args),
    mutants: findings,
    falseAlarms,
    cleanSeeds: args["clean-seeds"],
  };
  const { matrixMarkdown, matrixTable, summary } = await import("./mutants/matrix.ts");
  if (args.out !== undefined) {
    await Bun.write(`${args.out}/mutants.json`, `${JSON.stringify(document, null, 2)}\n`);
    await Bun.write(`${args.out}/mutants.md`, matrixMarkdown(document));
  }
  if (args.json) console.log(JSON.stringify(document, null, 2));
  else console.log(`${matrixTable(document)}\n\n${summary(document)}\nrepeat  ${document.command}`);
  const missed = findings.some(({ detected }) => !detected);
  if (missed || falseAlarms > 0) process.exitCode = EXIT_MISSED;
}

const inArena = (mutants: readonly Mutant[], kind: Args["arena"]): readonly Mutant[] =>
  kind === undefined ? mutants : mutants.map((mutant) => ({ ...mutant, arena: { kind } }));

function list(mutants: readonly Mutant[], json: boolean): void {
  if (json) return console.log(JSON.stringify({ mutants }, null, 2));
  for (const { row, name, about, seenIn } of mutants) {
    console.log(`${String(row).padStart(2)}  ${name}\n    ${about} (${seenIn})`);
  }
}

async function hunt(mutants: readonly Mutant[], args: Args): Promise<readonly Finding[]> {
  const { huntMutant } = await import("./mutants/hunt.ts");
  const { parseDurationMs } = await import("./parse.ts");
  const limits = {
    starts: args.starts,
    seedsMax: args.seeds,
    wallMsMax: parseDurationMs(args.limit, "--limit"),
  };
  return parallel(mutants, args.jobs, async (mutant) => {
    const finding = await huntMutant(mutant, limits);
    const { detector, schedulesMedian, schedulesWorst, wallMs, message } = finding;
    const result = finding.detected
      ? `${detector} after ${schedulesMedian} schedules (worst ${schedulesWorst}): ${message}`
      : "not detected";
    console.error(`${mutant.name}: ${result.split("\n")[0]} [${wallMs} ms]`);
    return finding;
  });
}

/** Runs the product as it is, in each mutant's arena in turn. Every alarm is told on stderr. */
async function countFalseAlarms(mutants: readonly Mutant[], args: Args): Promise<number> {
  const { huntClean } = await import("./mutants/hunt.ts");
  const arenas = mutants.map(({ arena }) => arena);
  const parts: { readonly first: number; readonly seeds: number }[] = [];
  for (let done = 0; done < args["clean-seeds"]; done += CLEAN_SEEDS_A_JOB) {
    const seeds = Math.min(CLEAN_SEEDS_A_JOB, args["clean-seeds"] - done);
    parts.push({ first: CLEAN_FIRST + done, seeds });
  }
  const alarms = await parallel(parts, args.jobs, async ({ first, seeds }) => {
    const clean = await huntClean(arenas, first, seeds);
    if (clean.schedules !== seeds) throw new Error(`clean seeds from ${first} on did not end`);
    for (const { seed, detector, message } of clean.alarms) {
      const arena = JSON.stringify(arenas[seed % arenas.length]);
      console.error(`FALSE ALARM ${detector} with seed ${seed} in ${arena}: ${message}`);
    }
    return clean.alarms.length;
  });
  return alarms.reduce((sum, count) => sum + count, 0);
}

function commandOf({ names, starts, seeds, limit, arena, jobs, out, ...rest }: Args): string {
  const place = arena === undefined ? "" : `--arena ${arena} `;
  const flags = `${place}--starts ${starts} --seeds ${seeds} --limit ${limit} --jobs ${jobs}`;
  const target = out === undefined ? "" : ` --out ${out}`;
  return (
    ["ordeal mutants", ...names, flags, `--clean-seeds ${rest["clean-seeds"]}`].join(" ") + target
  );
}

/** The results of `work` on each item, in the order of the items, at most `jobs` at a time. */
async function parallel<T, R>(
  items: readonly T[],
  jobs: number,
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  const queue = [...items.entries()];
  const one = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      results[next[0]] = await work(next[1]);
    }
  };
  await Promise.all(Array.from({ length: jobs }, one));
  return results;
}
