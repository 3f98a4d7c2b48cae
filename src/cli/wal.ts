import type { Argv, CommandModule } from "yargs";

/** Looks at what a node holds on disk, and changes nothing. */
export const command: CommandModule = {
  command: "wal",
  describe: "Look at, or check, what a node holds on disk",
  builder: (yargs) =>
    yargs
      .command(inspect)
      .command(verify)
      .demandCommand(1, "what about the log? inspect or verify")
      .example("$0 wal inspect /tmp/c/node-1", "segments, hard states, snapshots")
      .example("$0 wal verify /tmp/c/node-1", "whether all of it is sound; if not, what is damaged")
      .epilogue("Works on a node that runs, and on one that refuses to start. Changes nothing."),
  handler: () => {},
};

type DirArgs = { readonly dir: string; readonly json: boolean };
type InspectArgs = DirArgs & {
  readonly records: boolean;
  readonly from: number | undefined;
  readonly to: number | undefined;
};

const DIR = {
  type: "string",
  demandOption: true,
  describe: "directory of a node (node-N), or its wal directory",
} as const;
const JSON_FLAG = { type: "boolean", default: false, describe: "one JSON document" } as const;

const inspect: CommandModule<object, InspectArgs> = {
  command: "inspect <dir>",
  describe: "What the segments and snapshots of a node hold",
  builder: (yargs): Argv<InspectArgs> =>
    yargs
      .positional("dir", DIR)
      .option("records", { type: "boolean", default: false, describe: "list the records too" })
      .option("from", { type: "number", describe: "first record to list, by sequence number" })
      .option("to", { type: "number", describe: "last record to list" })
      .option("json", JSON_FLAG)
      .example("$0 wal inspect /tmp/c/node-1 --records --from 100 --to 120", "what was written"),
  handler: async ({ dir, records, from, to, json }) => {
    const { inspectDirectory } = await import("./wal/inspect.ts");
    const wanted = records || from !== undefined || to !== undefined;
    inspectDirectory(dir, wanted ? { from: from ?? 0, to: to ?? Infinity } : null, json);
  },
};

const verify: CommandModule<object, DirArgs> = {
  command: "verify <dir>",
  describe: "Read all of it again, and say what is damaged, if anything",
  builder: (yargs): Argv<DirArgs> =>
    yargs
      .positional("dir", DIR)
      .option("json", JSON_FLAG)
      .example("$0 wal verify /tmp/c/node-1", "every checksum of the log and the snapshots")
      .epilogue("Exit codes: 0 sound (a torn tail is), 2 damaged, 64 not a node's directory."),
  handler: async ({ dir, json }) => {
    const { verifyDirectory } = await import("./wal/verify.ts");
    verifyDirectory(dir, json);
  },
};
