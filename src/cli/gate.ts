import type { Argv, CommandModule } from "yargs";
import type { GateFlags } from "./gate/run.ts";
import { SELF_TESTS, type SelfTestName } from "./gate/self-test-names.ts";

/** As yargs names them: it does not type the camel-case names that it adds. */
type Args = Omit<GateFlags, "base"> & {
  readonly base?: string | undefined;
  readonly calibrate: boolean;
  readonly "self-test": boolean;
  /** Which of the self-tests. */
  readonly test?: SelfTestName | undefined;
};

/** Runs two revisions in turns, and says whether the head is wrong, or slower. */
export const command: CommandModule<object, Args> = {
  command: "gate [test]",
  describe: "Run two revisions in turns, and fail when the head is wrong or slower",
  builder: (yargs): Argv<Args> =>
    yargs
      .positional("test", {
        choices: SELF_TESTS,
        describe: "with --self-test: which one [default: all]",
      })
      .option("base", { type: "string", describe: "commit, branch or tag that is good" })
      .option("head", {
        type: "string",
        default: ".",
        describe: "what is to be judged; . is the working tree as it is",
      })
      .option("target", {
        type: "string",
        describe:
          "module in the repository that exports a Target: the system to gate, if not Ordeal",
      })
      .option("suite", {
        type: "string",
        default: "gate",
        describe: "as in `bench list`, or a path",
      })
      .option("measure", { type: "string", describe: "of each run [default: the suite's own]" })
      .option("warmup", { type: "string", describe: "not counted [default: the suite's own]" })
      .option("quick", {
        type: "boolean",
        default: false,
        describe: "runs of a second: to try it out",
      })
      .option("pairs", {
        type: "number",
        default: 12,
        describe: "until the first look; twice as many if that leaves doubts",
      })
      .option("seed", { type: "number", describe: "of orders, keys and values [default: random]" })
      .option("aa", {
        type: "string",
        describe: "thresholds of this machine [default: reports/baselines/gate-aa.json]",
      })
      .option("strict", {
        type: "boolean",
        default: false,
        describe: "exit with 4 when it cannot tell",
      })
      .option("calibrate", {
        type: "boolean",
        default: false,
        describe: "head against itself; writes --aa",
      })
      .option("self-test", {
        type: "boolean",
        default: false,
        describe: "the same code twice, a delay of 20 %, a bug: does the gate fire?",
      })
      .option("reports", {
        type: "string",
        default: "reports",
        describe: "directory for the reports, on the disk to be measured",
      })
      .option("json", { type: "boolean", default: false, describe: "one JSON document on stdout" })
      .example("$0 gate --base main", "the working tree against main")
      .example("$0 gate --base v1.2 --head HEAD --strict", "two commits; doubts fail too")
      .example("$0 gate --base main --target test/store.ts", "a system of your own")
      .example("$0 gate --self-test", "does it fire?")
      .example("$0 gate --calibrate", "how much does this machine differ from itself?")
      .epilogue(
        "Exits with 0: no regression seen, 1: regressed, and confirmed, 2: the head is incorrect, 3: void or unproven, 4: inconclusive (--strict), 64: bad input, 70: our own failure, 130: interrupted.",
      ),
  handler: async (args) => {
    const { test, base } = args;
    if (args["self-test"]) {
      const { runSelfTest } = await import("./gate/self-test.ts");
      return runSelfTest(test ?? "all", args);
    }
    if (args.calibrate) {
      const { calibrate } = await import("./gate/calibrate.ts");
      return calibrate({ ...args, base: args.head });
    }
    if (base === undefined || test !== undefined) throw await misuse(test);
    const { runGateCommand } = await import("./gate/run.ts");
    return runGateCommand({ ...args, base });
  },
};

async function misuse(test: SelfTestName | undefined): Promise<Error> {
  const { UserError } = await import("../lib/user-error.ts");
  if (test !== undefined) {
    const fix = `write: ordeal gate --self-test ${test}`;
    return new UserError("which gate?", [{ where: test, what: "is one of the self-tests", fix }]);
  }
  const fix = "name a revision that is good: ordeal gate --base main";
  return new UserError("nothing to compare with", [{ where: "--base", what: "is missing", fix }]);
}
