import type { CommandModule } from "yargs";
import type { LoadFlags } from "./load/from-flags.ts";

/** As yargs names them: it does not type the camel-case names that it adds. */
type Args = Omit<LoadFlags, "valueBytes" | "finalReads" | "stopOnViolation"> & {
  readonly "value-bytes": number;
  readonly "final-reads": boolean;
  readonly "stop-on-violation": boolean;
  readonly spec?: string | undefined;
};

export const command: CommandModule<object, Args> = {
  command: "load",
  describe: "Put a running cluster under load and measure it",
  builder: (yargs) =>
    yargs
      .option("dir", { type: "string", describe: "directory of `ordeal cluster start`" })
      .option("nodes", {
        type: "string",
        describe: "client ports, host:port,host:port, node 1 first",
      })
      .option("target", {
        choices: ["ordeal", "etcd", "redis"] as const,
        default: "ordeal" as const,
        describe: "what the nodes of --nodes speak",
      })
      .option("shards", {
        type: "number",
        describe: "with --nodes: shards of a sharded cluster; --dir knows them",
      })
      .option("clients", {
        type: "number",
        default: 64,
        describe: "operations outstanding, at most",
      })
      .option("connections", {
        type: "number",
        describe: "to each node [default: 16 or --clients]",
      })
      .option("rate", {
        type: "number",
        describe: "open loop: operations a second [default: closed loop]",
      })
      .option("arrivals", {
        choices: ["poisson", "constant"] as const,
        default: "poisson" as const,
      })
      .option("pacing", {
        choices: ["spin", "event"] as const,
        default: "spin" as const,
        describe:
          "open loop: exact starts for a whole core, or up to 1 ms late for next to nothing",
      })
      .option("duration", { type: "string", default: "10s" })
      .option("warmup", {
        type: "string",
        default: "1s",
        describe: "not counted; part of --duration",
      })
      .option("timeout", {
        type: "string",
        default: "5s",
        describe: "then an operation is unknown",
      })
      .option("keys", { type: "number", default: 10_000 })
      .option("distribution", {
        choices: ["uniform", "zipfian", "latest"] as const,
        default: "uniform" as const,
      })
      .option("value-bytes", { type: "number", default: 256 })
      .option("mix", {
        type: "string",
        default: "get=0.5,put=0.5",
        describe: "shares of get, put, cas, append, delete",
      })
      .option("reads", {
        choices: ["linearizable", "local"] as const,
        default: "linearizable" as const,
      })
      .option("history", {
        type: "string",
        describe: "record every operation for the checker; on a fresh cluster",
      })
      .option("stop-on-violation", {
        type: "boolean",
        default: false,
        describe: "follow the history; end with exit code 2 as soon as it is seen to be illegal",
      })
      .option("final-reads", {
        type: "boolean",
        default: false,
        describe: "read every key at the end",
      })
      .option("generators", {
        type: "string",
        default: "1",
        describe: "processes that share the load, or auto: as many as short trials need",
      })
      .option("hlog", {
        type: "string",
        describe: "write the latencies as a HdrHistogram log, a line an operation",
      })
      .option("seed", { type: "number", describe: "of keys, mix and arrivals [default: random]" })
      .option("json", { type: "boolean", default: false, describe: "one JSON document on stdout" })
      .option("spec", {
        type: "string",
        choices: ["-"] as const,
        // Otherwise yargs takes "-" for an argument of its own.
        nargs: 1,
        hidden: true,
      })
      .example("$0 load --dir /tmp/c1 --clients 256 --mix put=1", "as fast as 256 clients can put")
      .example(
        "$0 load --dir /tmp/c1 --rate 5000 --history h.bin",
        "5000/s, recorded for the checker",
      )
      .example("$0 load --dir /tmp/c1 --rate 200000 --generators 2", "more than one core can send"),
  handler: async (args) => {
    if (args.spec === "-") return (await import("./load/from-stdin.ts")).runFromStdin();
    const flags = {
      ...args,
      valueBytes: args["value-bytes"],
      finalReads: args["final-reads"],
      stopOnViolation: args["stop-on-violation"],
    };
    return (await import("./load/from-flags.ts")).runFromFlags(flags);
  },
};
