import type { CommandModule } from "yargs";
import { FSYNC_MODES, type FsyncMode } from "../lib/fsync.ts";

type Args = {
  config: string;
  id: number;
  log: string | undefined;
  fsync: FsyncMode | undefined;
  "parent-pipe": boolean;
  join: boolean;
  record: string | undefined;
};

export const command: CommandModule<object, Args> = {
  command: "node",
  describe: "Run one node of a cluster in this process",
  builder: (yargs) =>
    yargs
      .option("config", {
        describe: "the cluster's config file, the same for every node",
        type: "string",
        demandOption: true,
      })
      .option("id", { describe: "which of its nodes to run", type: "number", demandOption: true })
      .option("log", {
        describe: "log file; default: node-N/node.log in the config's dataDir",
        type: "string",
      })
      .option("fsync", {
        describe: "when the log is synced; never is UNSAFE; default: as the config says, or batch",
        choices: FSYNC_MODES,
      })
      .option("parent-pipe", {
        describe: "end with the process that holds the other end of standard input",
        type: "boolean",
        default: false,
      })
      .option("join", {
        describe: "begin as a new node of a cluster that runs, with an empty directory",
        type: "boolean",
        default: false,
      })
      .option("record", {
        describe: "file to append all inputs of the core to, for `ordeal replay`",
        type: "string",
      })
      .example("$0 node --config cluster.json --id 1", "run node 1 until SIGTERM or Ctrl-C"),
  handler: async (args) => {
    const { loadConfig, withFsync } = await import("../runtime/config.ts");
    const { runNode } = await import("../runtime/node.ts");
    await runNode({
      config: withFsync(loadConfig(args.config), args.fsync),
      id: args.id,
      logFile: args.log,
      parentPipe: args["parent-pipe"],
      isJoining: args.join,
      recordFile: args.record,
    });
  },
};
