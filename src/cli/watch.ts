import type { CommandModule } from "yargs";

type Args = {
  dir: string | undefined;
  nodes: string | undefined;
  every: string;
  once: boolean;
  json: boolean;
};

export const command: CommandModule<object, Args> = {
  command: "watch",
  describe: "Watch a running cluster: elections, logs, replication, throughput",
  builder: (yargs) =>
    yargs
      .option("dir", { describe: "of `ordeal cluster start --dir DIR`", type: "string" })
      .option("nodes", {
        describe: "HTTP ports: host:port,…, or a URL as for `ordeal node --peers`",
        type: "string",
      })
      .option("every", { describe: "time between two looks", type: "string", default: "250ms" })
      .option("once", { describe: "look once", type: "boolean", default: false })
      .option("json", {
        describe: "print one JSON document for each look; with --once exactly one",
        type: "boolean",
        default: false,
      })
      .example("$0 watch --dir /tmp/c", "a cluster of this machine; q ends the watch")
      .example("$0 watch --nodes 127.0.0.1:7301,127.0.0.1:7302", "nodes that were started by hand")
      .example("$0 watch --dir /tmp/c --once --json", "one document for a script"),
  handler: async (args) => {
    const { watch } = await import("./watch/run.ts");
    await watch(args);
  },
};
