import type { CommandModule, Options } from "yargs";

/** The commands that change a running cluster. */
type DirArgs = { readonly dir: string; readonly json: boolean };
type NodeArgs = DirArgs & { readonly node: number };

export const DIR = {
  describe: "directory of the cluster: data, logs and config",
  type: "string",
  demandOption: true,
} as const;
export const JSON_FLAG = {
  describe: "print one JSON document",
  type: "boolean",
  default: false,
} as const;
const NODE = { type: "number", demandOption: true } as const satisfies Options;
const NO_CHANGE = { add: 0, asLearners: false, remove: [], promote: [] };

export const add: CommandModule<object, DirArgs & { count: number; learner: boolean }> = {
  command: "add",
  describe: "Start new nodes; they become voters once they have caught up",
  builder: (yargs) =>
    yargs
      .option("dir", DIR)
      .option("count", { describe: "how many", type: "number", default: 1 })
      .option("learner", { describe: "without a vote", type: "boolean", default: false })
      .option("json", JSON_FLAG)
      .example("$0 cluster add --dir /tmp/c --count 2", "from three nodes to five"),
  handler: async ({ dir, count, learner, json }) => {
    const { control, tell } = await import("./control.ts");
    const { wholeNumber } = await import("./check.ts");
    wholeNumber("--count", count, 1, 9);
    const change = { ...NO_CHANGE, add: count, asLearners: learner };
    const added = await control(dir, { kind: "change", ...change });
    tell(`added ${list(added)} as ${learner ? "learner" : "voter"}`, added, json);
  },
};

export const remove: CommandModule<object, NodeArgs> = {
  command: "remove",
  describe: "Take a node out of the cluster and stop it; its data stay",
  builder: (yargs) =>
    yargs
      .option("dir", DIR)
      .option("node", { ...NODE, describe: "which one, the leader too" })
      .option("json", JSON_FLAG)
      .example("$0 cluster remove --dir /tmp/c --node 2", "go on without node 2"),
  handler: async ({ dir, node, json }) => {
    const { control, tell } = await import("./control.ts");
    await control(dir, { kind: "change", ...NO_CHANGE, remove: [node] });
    tell(`removed node ${node}`, [], json);
  },
};

export const replace: CommandModule<object, NodeArgs> = {
  command: "replace",
  describe: "Put a new node in the place of another, in one change of membership",
  builder: (yargs) =>
    yargs
      .option("dir", DIR)
      .option("node", { ...NODE, describe: "which one goes; it may be dead" })
      .option("json", JSON_FLAG)
      .example("$0 cluster replace --dir /tmp/c --node 3", "a new node for one that lost its data"),
  handler: async ({ dir, node, json }) => {
    const { control, tell } = await import("./control.ts");
    const added = await control(dir, { kind: "change", ...NO_CHANGE, add: 1, remove: [node] });
    tell(`replaced node ${node} by ${list(added)}`, added, json);
  },
};

export const promote: CommandModule<object, NodeArgs> = {
  command: "promote",
  describe: "Make a learner a voter",
  builder: (yargs) =>
    yargs
      .option("dir", DIR)
      .option("node", { ...NODE, describe: "which learner" })
      .option("json", JSON_FLAG)
      .example("$0 cluster promote --dir /tmp/c --node 4", "give node 4 a vote"),
  handler: async ({ dir, node, json }) => {
    const { control, tell } = await import("./control.ts");
    await control(dir, { kind: "change", ...NO_CHANGE, promote: [node] });
    tell(`node ${node} is a voter`, [], json);
  },
};

export const transfer: CommandModule<object, DirArgs & { to: number }> = {
  command: "transfer",
  describe: "Hand leadership to a voter",
  builder: (yargs) =>
    yargs
      .option("dir", DIR)
      .option("to", { ...NODE, describe: "who is to lead" })
      .option("json", JSON_FLAG)
      .example("$0 cluster transfer --dir /tmp/c --to 2", "node 2 leads from now on"),
  handler: async ({ dir, to, json }) => {
    const { control, tell } = await import("./control.ts");
    await control(dir, { kind: "transfer", to });
    tell(`node ${to} leads`, [], json);
  },
};

export const snapshot: CommandModule<object, DirArgs & { node: number | undefined }> = {
  command: "snapshot",
  describe: "Take a snapshot now, so that the log before it may go",
  builder: (yargs) =>
    yargs
      .option("dir", DIR)
      .option("node", { describe: "of which node; default: of every one", type: "number" })
      .option("json", JSON_FLAG)
      .example("$0 cluster snapshot --dir /tmp/c", "of every node"),
  handler: async ({ dir, node, json }) => {
    const { control, tell } = await import("./control.ts");
    await control(dir, { kind: "snapshot", nodes: node === undefined ? [] : [node] });
    tell("snapshots are durable", [], json);
  },
};

const list = (ids: readonly number[]): string =>
  `node${ids.length === 1 ? "" : "s"} ${ids.join(", ")}`;
