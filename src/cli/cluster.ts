import type { CommandModule } from "yargs";
import { SHARDS_DEFAULT } from "../kv/shard-config.ts";
import { UserError } from "../lib/user-error.ts";
import type { Sharded } from "../target/target.ts";
import { FSYNC_MODES, type FsyncMode } from "../lib/fsync.ts";
import { backup, recover, restart, restore } from "./cluster/safety-commands.ts";
import {
  add,
  DIR,
  JSON_FLAG,
  promote,
  remove,
  replace,
  snapshot,
  transfer,
} from "./cluster/commands.ts";

/** A cluster on this machine that outlives the command: start it, look at it, stop it. */
export const command: CommandModule = {
  command: "cluster",
  describe: "Start, inspect, change and stop a cluster on this machine",
  builder: (yargs) =>
    yargs
      .command(start)
      .command(status)
      .command(stop)
      .command(add)
      .command(remove)
      .command(replace)
      .command(promote)
      .command(transfer)
      .command(snapshot)
      .command(restart)
      .command(backup)
      .command(restore)
      .command(recover)
      .demandCommand(1, "what about the cluster? start, status, stop, add, remove, …")
      .example("$0 cluster start -n 5 --dir /tmp/c", "five nodes, their data in /tmp/c")
      .example("$0 cluster status --dir /tmp/c", "role, term and commit index of each node")
      .example("$0 cluster stop --dir /tmp/c", "end them; the data stay"),
  handler: () => {},
};

const REPLICAS_DEFAULT = 3;

type DirArgs = { readonly dir: string };
type StartArgs = DirArgs & {
  readonly nodes: number;
  readonly storage: "disk" | "memory";
  readonly fsync: FsyncMode | undefined;
  readonly foreground: boolean;
  readonly "faulty-links": boolean;
  readonly "base-port": number | undefined;
  readonly seed: number;
  readonly "snapshot-every": number | undefined;
  readonly "lease-reads": boolean;
  readonly shards: number | undefined;
  readonly groups: number | undefined;
  readonly replicas: number | undefined;
  readonly "idle-groups": number | undefined;
  readonly tls: boolean;
  readonly json: boolean;
};

const start: CommandModule<object, StartArgs> = {
  command: "start",
  describe: "Start a cluster, on the data of the directory if it holds any",
  builder: (yargs) =>
    yargs
      .option("nodes", { alias: "n", describe: "how many, 1 to 9", type: "number", default: 3 })
      .option("storage", {
        describe: "keep data on disk, or in memory only",
        choices: ["disk", "memory"] as const,
        default: "disk" as const,
      })
      .option("fsync", {
        describe: "when the log is synced; never is UNSAFE; default: as it was, or batch",
        choices: FSYNC_MODES,
      })
      .option("dir", DIR)
      .option("base-port", {
        describe: "use the ports from here on, three a node; default: any free ones",
        type: "number",
      })
      .option("faulty-links", {
        describe: "put a proxy on every directed link between nodes",
        type: "boolean",
        default: false,
      })
      .option("seed", { describe: "of the faults on links", type: "number", default: 1 })
      .option("snapshot-every", {
        describe: "take a snapshot after so many bytes of entries; 0: never; default: 64 MiB",
        type: "number",
      })
      .option("lease-reads", {
        describe: "let a leader serve reads without asking the others while its lease is valid",
        type: "boolean",
        default: false,
      })
      .option("groups", {
        describe: "sharded: so many groups share the keys, each with its own leader",
        type: "number",
      })
      .option("shards", {
        describe: `sharded: parts that the keys are divided into, for ever; default: ${SHARDS_DEFAULT}`,
        type: "number",
      })
      .option("replicas", { describe: "sharded: nodes of each group; default: 3", type: "number" })
      .option("idle-groups", {
        describe: "sharded: so many more groups run and have not joined",
        type: "number",
      })
      .option("tls", {
        describe:
          "encrypt everything, and ask for certificates and tokens, which are made in DIR/certs",
        type: "boolean",
        default: false,
      })
      .option("foreground", {
        describe: "stay, and stop the cluster on Ctrl-C",
        type: "boolean",
        default: false,
      })
      .option("json", JSON_FLAG)
      .example("$0 cluster start -n 5 --storage disk --dir /tmp/c", "five nodes, data on disk")
      .example("$0 cluster start --dir /tmp/c --base-port 7000", "ports 7000 to 7008")
      .example(
        "$0 cluster start -n 5 --dir /tmp/s --groups 4 --shards 12 --replicas 3",
        "12 shards, on 4 groups of 3 nodes each",
      ),
  handler: async (args) => {
    const { startDetached, superviseCluster } = await import("./cluster/start.ts");
    const run = args.foreground ? superviseCluster : startDetached;
    const every = args["snapshot-every"];
    const raft = {
      ...(every !== undefined && { snapshotEveryBytes: every }),
      ...(args["lease-reads"] && { leaseReads: true }),
    };
    await run(
      {
        nodes: args.nodes,
        storage: args.storage,
        fsync: args.fsync,
        dir: args.dir,
        basePort: args["base-port"],
        faultyLinks: args["faulty-links"],
        seed: args.seed,
        ...(Object.keys(raft).length > 0 && { raft }),
        sharded: shardedOf(args),
        ...(args.tls && { tls: true }),
      },
      args.json,
    );
  },
};

/** Undefined: not sharded, or as the directory has it. Throws UserError. */
function shardedOf(args: StartArgs): Sharded | undefined {
  const { shards, groups, replicas, nodes, "idle-groups": idleGroups } = args;
  const given = [shards, groups, replicas, idleGroups].some((value) => value !== undefined);
  if (!given) return undefined;
  if (groups === undefined) {
    const what = "a sharded cluster needs groups";
    throw new UserError("bad option", [{ where: "--groups", what, fix: "add --groups 4, say" }]);
  }
  return {
    ...{ shards: shards ?? SHARDS_DEFAULT, groups },
    replicas: replicas ?? Math.min(REPLICAS_DEFAULT, nodes),
    ...(idleGroups !== undefined && { idleGroups }),
  };
}

const status: CommandModule<object, DirArgs & { readonly json: boolean }> = {
  command: "status",
  describe: "Role, term, commit index and ports of each node",
  builder: (yargs) =>
    yargs
      .option("dir", DIR)
      .option("json", JSON_FLAG)
      .example("$0 cluster status --dir /tmp/c --json", "for a script"),
  handler: async ({ dir, json }) => {
    const { runningCluster } = await import("./cluster/record.ts");
    const { askAll, clusterDocument, print } = await import("./cluster/show.ts");
    const { clusterId, nodes, storage, fsync } = runningCluster(dir);
    print(clusterDocument(await askAll(clusterId, nodes), { storage, fsync }), json);
  },
};

const stop: CommandModule<object, DirArgs> = {
  command: "stop",
  describe: "End every process of a cluster; its data stay",
  builder: (yargs) =>
    yargs.option("dir", DIR).example("$0 cluster stop --dir /tmp/c", "end the cluster of /tmp/c"),
  handler: async ({ dir }) => {
    const { stopCluster } = await import("./cluster/stop.ts");
    await stopCluster(dir);
  },
};
