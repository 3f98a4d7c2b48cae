import type { CommandModule } from "yargs";
import { DIR, JSON_FLAG } from "./commands.ts";

/** The commands for upgrades, copies and disasters. */
type DirArgs = { readonly dir: string; readonly json: boolean };

type RestartArgs = DirArgs & { readonly rolling: boolean; readonly nodes: string | undefined };

export const restart: CommandModule<object, RestartArgs> = {
  command: "restart",
  describe: "Restart the nodes one after the other, without a failed request",
  builder: (yargs) =>
    yargs
      .option("dir", DIR)
      .option("rolling", {
        describe: "one node at a time, each once the one before has caught up",
        type: "boolean",
        demandOption: true,
      })
      .option("nodes", { describe: "only these: 3,4,5; default: all", type: "string" })
      .option("json", JSON_FLAG)
      .example("$0 cluster restart --rolling --dir /tmp/c", "after an upgrade of the program"),
  handler: async (args) => {
    const { runRestart } = await import("./restart.ts");
    await runRestart(args);
  },
};

type BackupArgs = {
  readonly dir: string | undefined;
  readonly nodes: string | undefined;
  readonly out: string;
  readonly json: boolean;
};

export const backup: CommandModule<object, BackupArgs> = {
  command: "backup",
  describe: "Write what a running cluster holds into one file, and verify it",
  builder: (yargs) =>
    yargs
      .option("dir", { describe: "directory of `cluster start`", type: "string" })
      .option("nodes", { describe: "or where the nodes are: host:port,… (HTTP)", type: "string" })
      .option("out", { describe: "the file; must not exist", type: "string", demandOption: true })
      .option("json", JSON_FLAG)
      .example("$0 cluster backup --dir /tmp/c --out monday.obak", "of a cluster of this machine")
      .example("$0 cluster backup --nodes 10.0.0.1:7301 --out monday.obak", "of any other"),
  handler: async (args) => {
    const { runBackup } = await import("./backup.ts");
    await runBackup(args);
  },
};

type RestoreArgs = DirArgs & { readonly file: string; readonly nodes: number };

export const restore: CommandModule<object, RestoreArgs> = {
  command: "restore <file>",
  describe: "Make a new cluster that holds what a backup holds",
  builder: (yargs) =>
    yargs
      .positional("file", { describe: "the backup", type: "string", demandOption: true })
      .option("dir", { ...DIR, describe: "directory of the new cluster; must be empty or absent" })
      .option("nodes", { alias: "n", describe: "how many, 1 to 9", type: "number", default: 3 })
      .option("json", JSON_FLAG)
      .example("$0 cluster restore monday.obak --dir /tmp/new -n 5", "five nodes, then start them"),
  handler: async (args) => {
    const { runRestore } = await import("./restore.ts");
    await runRestore(args);
  },
};

type RecoverArgs = DirArgs & {
  readonly survivor: number;
  readonly "yes-i-may-lose-data": boolean;
  readonly "yes-i-lose-shards": boolean;
};

export const recover: CommandModule<object, RecoverArgs> = {
  command: "recover",
  describe: "Go on from one node when a majority is lost for good; MAY LOSE DATA",
  builder: (yargs) =>
    yargs
      .option("dir", DIR)
      .option("survivor", { describe: "whose data count", type: "number", demandOption: true })
      .option("yes-i-may-lose-data", {
        describe: "do not ask: what only the lost nodes held is gone",
        type: "boolean",
        default: false,
      })
      .option("yes-i-lose-shards", {
        describe: "sharded: shards of which the node has nothing begin empty",
        type: "boolean",
        default: false,
      })
      .option("json", JSON_FLAG)
      .example("$0 cluster recover --dir /tmp/c --survivor 2", "after nodes 1 and 3 are gone"),
  handler: async (args) => {
    const { runRecover } = await import("./recover.ts");
    await runRecover(args);
  },
};
