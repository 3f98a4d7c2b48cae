import type { CommandModule, Options } from "yargs";
import type { ConfigChange } from "../kv/config-changes.ts";
import type { ChangeFlags, Where } from "./shards/change.ts";

/** The operator's part of a sharded cluster: its shard controller, asked over the client ports. */
export const command: CommandModule = {
  command: "shards",
  describe: "Look at, and change, which group of a sharded cluster has which shard",
  builder: (yargs) =>
    yargs
      .command(status)
      .command(query)
      .command(join)
      .command(leave)
      .command(move)
      .command(rebalance)
      .demandCommand(1, "what about the shards? status, query, join, leave, move or rebalance")
      .example("$0 shards status --dir /tmp/s", "who has which shard, and what is on its way")
      .example("$0 shards join --dir /tmp/s --group 6 --nodes 1,2,3", "one more group")
      .example("$0 shards move --dir /tmp/s --shard 5 --group 3 --wait", "until it has arrived"),
  handler: () => {},
};

const DIR = { describe: "directory of `ordeal cluster start`", type: "string" } as const;
const NODES = { describe: "or client ports, host:port,…, node 1 first", type: "string" } as const;
const JSON_FLAG = { describe: "print one JSON document", type: "boolean", default: false } as const;
const WAIT = {
  wait: {
    describe: "until every group has adopted the config and nothing moves any more",
    type: "boolean",
    default: false,
  },
  within: { describe: "give up waiting after this", type: "string", default: "60s" },
  json: JSON_FLAG,
} as const satisfies Record<string, Options>;
const CODES =
  "Exit codes: 0 done, 3 no answer or not in time (it may come about yet), 64 refused or bad input.";

const status: CommandModule<object, Where & { json: boolean }> = {
  command: "status",
  describe: "A table of shards and one of groups: owners, leaders, and what is on its way",
  builder: (yargs) =>
    yargs
      .options({ dir: DIR, nodes: NODES, json: JSON_FLAG })
      .example("$0 shards status --dir /tmp/s", "of a cluster on this machine")
      .epilogue(CODES),
  handler: async ({ dir, nodes, json }) => {
    const { showStatus } = await import("./shards/show.ts");
    await showStatus({ dir, nodes }, json);
  },
};

const query: CommandModule<object, Where & { num: number | undefined; json: boolean }> = {
  command: "query",
  describe: "The newest shard config, or any one before",
  builder: (yargs) =>
    yargs
      .options({ dir: DIR, nodes: NODES, json: JSON_FLAG })
      .option("num", { describe: "number of the config; default: the newest", type: "number" })
      .example("$0 shards query --dir /tmp/s --num 1", "the first one with groups")
      .epilogue(CODES),
  handler: async ({ dir, nodes, num, json }) => {
    const { showConfig } = await import("./shards/show.ts");
    await showConfig({ dir, nodes }, num, json);
  },
};

const join: CommandModule<object, ChangeFlags & { group: number; nodes: string }> = {
  command: "join",
  describe: "Start a group on nodes of the cluster; shards come to it",
  builder: (yargs) =>
    yargs
      .option("dir", { ...DIR, demandOption: true })
      .option("group", { describe: "its id, above 1", type: "number", demandOption: true })
      .option("nodes", { describe: "ids of its nodes: 1,2,3", type: "string", demandOption: true })
      .options(WAIT)
      .example("$0 shards join --dir /tmp/s --group 6 --nodes 1,2,3", "group 6 on three nodes")
      .epilogue(CODES),
  handler: async ({ group, nodes, ...flags }) => {
    const { joinGroup } = await import("./shards/join.ts");
    const { parseIds } = await import("./shards/parse-ids.ts");
    await joinGroup(flags, { id: group, nodes: parseIds("--nodes", nodes) });
  },
};

const leave: CommandModule<object, ChangeFlags & { groups: string }> = {
  command: "leave",
  describe: "Take groups out; their shards go to the others",
  builder: (yargs) =>
    yargs
      .options({ dir: DIR, nodes: NODES })
      .option("groups", { describe: "their ids: 2,3", type: "string", demandOption: true })
      .options(WAIT)
      .example("$0 shards leave --dir /tmp/s --groups 2,3", "two of them")
      .epilogue(CODES),
  handler: async ({ groups, ...flags }) => {
    const { parseIds } = await import("./shards/parse-ids.ts");
    await change(flags, { kind: "leave", groups: parseIds("--groups", groups) });
  },
};

const move: CommandModule<object, ChangeFlags & { shard: number; group: number }> = {
  command: "move",
  describe: "Give a shard to a group; it stays there until groups join or leave",
  builder: (yargs) =>
    yargs
      .options({ dir: DIR, nodes: NODES })
      .option("shard", { describe: "which one, from 0", type: "number", demandOption: true })
      .option("group", { describe: "to whom", type: "number", demandOption: true })
      .options(WAIT)
      .example("$0 shards move --dir /tmp/s --shard 5 --group 3 --wait", "until it has arrived")
      .epilogue(CODES),
  handler: ({ shard, group, ...flags }) => change(flags, { kind: "move", shard, group }),
};

const rebalance: CommandModule<object, ChangeFlags> = {
  command: "rebalance",
  describe: "Spread the shards evenly again, after moves; as few move as can be",
  builder: (yargs) =>
    yargs
      .options({ dir: DIR, nodes: NODES })
      .options(WAIT)
      .example("$0 shards rebalance --dir /tmp/s --wait", "and wait until it is done")
      .epilogue(CODES),
  handler: (flags) => change(flags, { kind: "rebalance" }),
};

async function change(flags: ChangeFlags, change: ConfigChange): Promise<void> {
  const { changeConfig } = await import("./shards/change.ts");
  await changeConfig(flags, change);
}
