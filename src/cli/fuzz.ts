import { availableParallelism } from "node:os";
import type { CommandModule } from "yargs";

import { bytesCommands } from "./fuzz/bytes-commands.ts";

const EXIT_VIOLATED = 2;
const HISTORIES_DEFAULT = 100_000;

/** Looks for mistakes in parts of this program, by random inputs and something simple to compare with. */
export const command: CommandModule = {
  command: "fuzz",
  describe: "Feed random inputs to parts of Ordeal, and compare with something simple",
  builder: (yargs) =>
    [checker, ...bytesCommands]
      .reduce((cli, one) => cli.command(one as CommandModule), yargs)
      .example("$0 fuzz checker --histories 1000000", "a million small histories")
      .example("$0 fuzz wire --duration 1m", "hostile frames for a minute")
      .example("$0 fuzz --all --duration 10m", "every decoder, ten minutes each"),
  handler: () => {},
};

type CheckerArgs = {
  readonly histories: number;
  readonly seed: number;
  readonly jobs: number;
  readonly keep: string;
  readonly json: boolean;
};

const checker: CommandModule<object, CheckerArgs> = {
  command: "checker",
  describe: "Judge random small histories, and compare with a search that tries every order",
  builder: (yargs) =>
    yargs
      .option("histories", { type: "number", default: HISTORIES_DEFAULT, describe: "how many" })
      .option("seed", { type: "number", default: 1, describe: "the first: one seed, one history" })
      .option("jobs", {
        type: "number",
        default: availableParallelism(),
        describe: "processes that share the work",
      })
      .option("keep", {
        type: "string",
        default: "reports/fuzz/checker",
        describe: "where histories go on which the checker is wrong, made small",
      })
      .option("json", { type: "boolean", default: false, describe: "one JSON document on stdout" })
      .example("$0 fuzz checker --histories 1000000 --jobs 2", "about two minutes")
      .example("$0 fuzz checker --seed 4711 --histories 1", "one again, with its story")
      .epilogue("Exits with 0: the checker was right about all of them, 2: it was not."),
  handler: fuzzChecker,
};

async function fuzzChecker(args: CheckerArgs): Promise<void> {
  const { parseCount } = await import("./parse.ts");
  const histories = parseCount(args.histories, "--histories", 1, 1e12);
  const hunt = {
    ...{ first: parseCount(args.seed, "--seed", 0), histories },
    jobs: Math.min(parseCount(args.jobs, "--jobs", 1, 64), histories),
  };
  const { huntDisagreements } = await import("./fuzz/hunt.ts");
  const { openProgress } = await import("./fuzz/progress.ts");
  const progress = openProgress(process.stderr, histories);
  const tally = await huntDisagreements(hunt, progress.update);
  progress.close();
  const { documentOf, keepFindings, storyOf, summaryOf } = await import("./fuzz/report.ts");
  const kept = await keepFindings(tally, args.keep);
  if (args.json) {
    console.log(JSON.stringify(documentOf(tally, kept), null, 2));
  } else {
    if (histories === 1) console.log(`${storyOf(hunt.first)}\n`);
    console.log(summaryOf(tally, kept));
  }
  process.exitCode = tally.counts.disagreements > 0 ? EXIT_VIOLATED : 0;
}
