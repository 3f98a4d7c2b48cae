import type { CommandModule } from "yargs";

type Args = {
  readonly dir: string | undefined;
  readonly port: number;
  readonly reports: string;
  readonly open: boolean;
};

/** A page to watch, load and break a cluster. */
export const command: CommandModule<object, Args> = {
  command: "dashboard",
  describe: "Watch, load and break a cluster in the browser; look at runs and reports",
  builder: (yargs) =>
    yargs
      .option("dir", {
        describe: "of a cluster that runs; without it the page starts one",
        type: "string",
      })
      .option("port", { describe: "on 127.0.0.1; 0: any free one", type: "number", default: 7070 })
      .option("reports", {
        describe: "directory of runs and reports",
        type: "string",
        default: "reports",
      })
      .option("open", {
        describe: "open the page in a browser; --no-open does not",
        type: "boolean",
        default: true,
      })
      .example("$0 dashboard", "start a cluster on the page, kill its leader, watch the election")
      .example("$0 dashboard --dir /tmp/c --no-open", "of a cluster that `cluster start` runs"),
  handler: async (args) => {
    const { runDashboard } = await import("./dashboard/run.ts");
    await runDashboard(args);
  },
};
