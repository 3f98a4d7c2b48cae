import type { Argv, CommandModule } from "yargs";
import type { HistoryFlags } from "./history/run.ts";

/** Looks for changes in the figures of many stored reports. */
export const command: CommandModule<object, HistoryFlags> = {
  command: "history [dir]",
  describe: "Find the commits at which the figures of stored reports changed",
  builder: (yargs): Argv<HistoryFlags> =>
    yargs
      .positional("dir", {
        ...{ type: "string", default: "reports" },
        describe: "where reports are, at any depth",
      })
      .option("name", { type: "string", describe: "only the suite or scenario of this name" })
      .option("metric", { type: "string", describe: "only metrics whose name contains this" })
      .option("json", { type: "boolean", default: false, describe: "one JSON document on stdout" })
      .option("html", {
        type: "string",
        describe: "write a page with a chart a metric to this file",
      })
      .example("$0 history", "a sparkline a metric, and the commit of each change")
      .example("$0 history reports --name put --metric p99", "only the tails of one suite")
      .example("$0 history --html reports/history.html", "as a page")
      .epilogue(
        "Each suite and target is shown as of its newest report's machine and config; ten reports at least make a change point. Advice: exits with 0 whatever changed, 64 when there is no report.",
      ),
  handler: async (flags) => {
    const { runHistory } = await import("./history/run.ts");
    await runHistory(flags);
  },
};
