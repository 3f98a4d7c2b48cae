import type { Argv, CommandModule, Options } from "yargs";
import { SETTINGS } from "../runtime/settings.ts";

/** What is not a setting of the node but of this start of it; settings are in runtime/settings.ts. */
type Args = {
  config: string | undefined;
  "parent-pipe": boolean;
  record: string | undefined;
  "print-config": boolean;
  json: boolean;
  "force-new-cluster": boolean;
  "yes-i-may-lose-data": boolean;
  "yes-i-lose-shards": boolean;
};

export const command: CommandModule<object, Args> = {
  command: "node",
  describe: "Run one node of a cluster in this process",
  builder: (yargs) =>
    withSettings(yargs)
      .option("config", {
        describe:
          "file of settings (YAML, TOML or JSON), or of a whole cluster; $ORDEAL_CONFIG. A flag wins over $ORDEAL_FLAG, and that over the file",
        type: "string",
      })
      .option("parent-pipe", {
        describe: "end with the process that holds the other end of standard input",
        type: "boolean",
        default: false,
      })
      .option("record", {
        describe: "file to append all inputs of the core to, for `ordeal replay`",
        type: "string",
      })
      .option("print-config", {
        describe: "print every setting and where it comes from, and start nothing",
        type: "boolean",
        default: false,
      })
      .option("json", {
        describe: "with --print-config: print one JSON document",
        type: "boolean",
        default: false,
      })
      .option("force-new-cluster", {
        describe: "after a disaster: go on as the only member of a new cluster; MAY LOSE DATA",
        type: "boolean",
        default: false,
      })
      .option("yes-i-may-lose-data", {
        describe: "with --force-new-cluster: what only lost nodes held is gone",
        type: "boolean",
        default: false,
      })
      .option("yes-i-lose-shards", {
        describe: "with --force-new-cluster: shards of which the node has nothing begin empty",
        type: "boolean",
        default: false,
      })
      .example("$0 node --config cluster.json --id 1", "run node 1 until SIGTERM or Ctrl-C")
      .example(
        "$0 node --id 1 --cluster demo --peers 127.0.0.1:7301,127.0.0.1:7302,127.0.0.1:7303",
        "one of three that find each other at these HTTP ports",
      )
      .example(
        "$0 node --id 4 --join 127.0.0.1:7301 --listen-http 127.0.0.1:7304 --data-dir d",
        "a new node of a cluster that runs",
      ),
  handler: async (args) => {
    const { readNodeSettings } = await import("../runtime/node-settings.ts");
    const file = args.config ?? process.env["ORDEAL_CONFIG"];
    const settings = readNodeSettings({ flags: args, env: process.env, file });
    if (args["print-config"]) {
      const { printSettings } = await import("./print-settings.ts");
      return printSettings(settings, args.json);
    }
    if (args["force-new-cluster"]) {
      const { forceNewCluster, lossText } = await import("../runtime/rebirth/force-new-cluster.ts");
      console.error(lossText(settings.id, settings.clusterId));
      await forceNewCluster(settings, args["yes-i-may-lose-data"], args["yes-i-lose-shards"]);
    }
    const { prepareNode } = await import("../runtime/discovery/start.ts");
    const { runNode } = await import("../runtime/node.ts");
    await runNode({
      ...(await prepareNode(settings)),
      id: settings.id,
      logFile: settings.logFile,
      parentPipe: args["parent-pipe"],
      recordFile: args.record,
    });
  },
};

function withSettings(yargs: Argv): Argv {
  for (const setting of SETTINGS) yargs.option(setting.flag, flagOf(setting));
  return yargs;
}

/** A switch is a flag without a value; everything else is read, and judged, with the file and the variables. */
const flagOf = ({ kind, about, fallback }: (typeof SETTINGS)[number]): Options => ({
  type: kind === "switch" ? "boolean" : "string",
  describe: fallback === undefined ? about : `${about}; default: ${fallback}`,
});
