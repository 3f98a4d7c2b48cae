import type { Argv, CommandModule } from "yargs";
import type { CompareFlags } from "./compare/run.ts";

/** Sets two stored reports side by side. */
export const command: CommandModule<object, CompareFlags> = {
  command: "compare <base> <head>",
  describe: "Compare two stored reports: advice, for a decision use gate",
  builder: (yargs): Argv<CompareFlags> =>
    yargs
      .positional("base", {
        ...{ type: "string", demandOption: true },
        describe: "a report.json, or the directory of a run: how it was",
      })
      .positional("head", {
        ...{ type: "string", demandOption: true },
        describe: "the same: how it is now",
      })
      .option("json", { type: "boolean", default: false, describe: "one JSON document on stdout" })
      .option("markdown", {
        type: "string",
        describe: "write Markdown to this file; appended if it is $GITHUB_STEP_SUMMARY",
      })
      .option("junit", { type: "string", describe: "write JUnit XML to this file" })
      .option("html", { type: "string", describe: "write the page to this file" })
      .option("force", {
        type: "boolean",
        default: false,
        describe: "show the figures of reports that cannot be compared; the exit code stays 3",
      })
      .option("strict", {
        type: "boolean",
        default: false,
        describe: "exit with 4 when it cannot be told",
      })
      .example("$0 compare old/report.json new/report.json", "which figures moved, beyond chance")
      .example("$0 compare old new --html compare.html", "and as a page with all curves")
      .example('$0 compare old new --markdown "$GITHUB_STEP_SUMMARY"', "in CI")
      .epilogue(
        "Exits with 0: told (figures of two sessions are advice, also when they are worse), 2: the head is wrong, 3: not comparable, void or unproven, 4: inconclusive (--strict), 64: a report that cannot be read.",
      ),
  handler: async (flags) => {
    const { runCompare } = await import("./compare/run.ts");
    process.exitCode = await runCompare(flags);
  },
};
