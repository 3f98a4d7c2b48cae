import type { CommandModule, Options } from "yargs";
import { ENCODINGS, type Encoding, parseBytes } from "./kv/encoding.ts";
import type { Flags } from "./kv/run.ts";
import { parseCount } from "./parse.ts";

/** Reads and writes of a running cluster, from a shell. */
export const command: CommandModule = {
  command: "kv",
  describe: "Read and write the keys of a running cluster",
  builder: (yargs) =>
    yargs
      .command(get)
      .command(put)
      .command(append)
      .command(remove)
      .command(scan)
      .command(repl)
      .demandCommand(1, "what about the keys? get, put, append, delete, scan or repl")
      .example("$0 kv put --dir /tmp/c color green", "write a key; its version is printed")
      .example("$0 kv get --dir /tmp/c color", "read it again")
      .example("$0 kv repl --dir /tmp/c", "try things out, with history and completion")
      .epilogue(CODES),
  handler: () => {},
};

const SCAN_LIMIT = 1000;
const CODES =
  "Exit codes: 0 done, 1 no such key or another version, 3 no answer (a write may have taken effect: the message says so), 64 refused or bad input.";

const WHERE = {
  dir: { describe: "directory of `ordeal cluster start`", type: "string" },
  nodes: { describe: "or client ports, host:port,…: one that answers is enough", type: "string" },
  timeout: { describe: "give up after so long", type: "string", default: "5s" },
} as const satisfies Record<string, Options>;
const COMMON = {
  ...WHERE,
  encoding: {
    alias: "e",
    describe: "how keys and values are written here, and printed",
    choices: ENCODINGS,
    default: "text" as Encoding,
  },
  json: { describe: "print one JSON document", type: "boolean", default: false },
} as const satisfies Record<string, Options>;
const LOCAL = {
  describe: "read what one node has: works without a leader, may be out of date",
  type: "boolean",
  default: false,
} as const satisfies Options;
const KEY = { describe: "the key", type: "string", demandOption: true } as const;
const VALUE = {
  describe: "the value; -: all that comes from stdin, also for one that begins with a -",
  type: "string",
  demandOption: true,
} as const;

const get: CommandModule<object, Flags & { key: string; local: boolean; raw: boolean }> = {
  command: "get <key>",
  describe: "Print the value of a key",
  builder: (yargs) =>
    yargs
      .positional("key", KEY)
      .options({ ...COMMON, local: LOCAL })
      .option("raw", {
        describe: "print the value alone, without a newline behind it",
        type: "boolean",
        default: false,
      })
      .example("$0 kv get --dir /tmp/c color", "its value")
      .example("$0 kv get --dir /tmp/c color --json", "its version too")
      .epilogue(CODES),
  handler: async ({ key, local, raw, ...flags }) => {
    const { runOnce } = await import("./kv/run.ts");
    await runOnce(flags, { kind: "get", key: keyOf(key, flags), local }, { raw });
  },
};

type PutArgs = Flags & { key: string; value: string; version: string | undefined };

const put: CommandModule<object, PutArgs> = {
  command: "put <key> <value>",
  describe: "Write a key, at any version of it or at one only",
  builder: (yargs) =>
    yargs
      // Else --version is that of the program.
      .version(false)
      .positional("key", KEY)
      .positional("value", VALUE)
      .options(COMMON)
      .option("version", {
        describe: "write only if the key has this version; 0: only if it is absent",
        type: "string",
      })
      .example("$0 kv put --dir /tmp/c color green", "its version is printed")
      .example("$0 kv put --dir /tmp/c color red --version 7", "unless somebody was faster")
      .example("$0 kv put --dir /tmp/c photo - < photo.png", "the value from a file")
      .epilogue(CODES),
  handler: async ({ key: written, value, version, ...flags }) => {
    const { runOnce } = await import("./kv/run.ts");
    const expected = version === undefined ? undefined : parseCount(version, "--version", 0);
    const key = keyOf(written, flags);
    const request = { key, value: await valueOf(value, flags), version: expected };
    await runOnce(flags, { kind: "put", ...request });
  },
};

const append: CommandModule<object, Flags & { key: string; value: string }> = {
  command: "append <key> <value>",
  describe: "Write behind what a key has",
  builder: (yargs) =>
    yargs
      .positional("key", KEY)
      .positional("value", VALUE)
      .options(COMMON)
      .example("$0 kv append --dir /tmp/c log 'one more line'", "its version is printed")
      .epilogue(CODES),
  handler: async ({ key: written, value, ...flags }) => {
    const { runOnce } = await import("./kv/run.ts");
    const key = keyOf(written, flags);
    await runOnce(flags, { kind: "append", key, value: await valueOf(value, flags) });
  },
};

const remove: CommandModule<object, Flags & { key: string }> = {
  command: ["delete <key>", "del <key>"],
  describe: "Remove a key",
  builder: (yargs) =>
    yargs
      .positional("key", KEY)
      .options(COMMON)
      .example("$0 kv delete --dir /tmp/c color", "exit code 1 if there is none")
      .epilogue(CODES),
  handler: async ({ key, ...flags }) => {
    const { runOnce } = await import("./kv/run.ts");
    await runOnce(flags, { kind: "delete", key: keyOf(key, flags) });
  },
};

type ScanArgs = Flags & {
  readonly prefix: string | undefined;
  readonly from: string | undefined;
  readonly limit: string;
  readonly local: boolean;
  readonly "keys-only": boolean;
};

const scan: CommandModule<object, ScanArgs> = {
  command: "scan",
  describe: "List keys with their values, in the order of the keys",
  builder: (yargs) =>
    yargs
      .options({ ...COMMON, local: LOCAL })
      .option("prefix", { describe: "only keys that begin so", type: "string" })
      .option("from", { describe: "from this key on", type: "string" })
      .option("limit", {
        describe: "no more than so many; if there are more it says so",
        type: "string",
        default: String(SCAN_LIMIT),
      })
      .option("keys-only", { describe: "without the values", type: "boolean", default: false })
      .example("$0 kv scan --dir /tmp/c --prefix user/ --limit 20", "a line each: key, tab, value")
      .epilogue(`${CODES} A sharded cluster has no scans.`),
  handler: async ({ prefix, from, limit, local, "keys-only": keysOnly, ...flags }) => {
    const { runOnce } = await import("./kv/run.ts");
    const request = {
      kind: "scan",
      prefix: parseBytes(prefix ?? "", flags.encoding, "--prefix"),
      from: from === undefined ? undefined : parseBytes(from, flags.encoding, "--from"),
      limit: parseCount(limit, "--limit"),
      local,
    } as const;
    await runOnce(flags, request, { keysOnly });
  },
};

type ReplArgs = Pick<Flags, "dir" | "nodes" | "timeout"> & { readonly history: string | undefined };

const repl: CommandModule<object, ReplArgs> = {
  command: "repl",
  describe: "Read and write at a prompt, with history and completion of commands and keys",
  builder: (yargs) =>
    yargs
      .options(WHERE)
      .option("history", {
        describe:
          "file that keeps what was entered; '': none; default: $ORDEAL_HISTORY, or kv_history in the user's state directory",
        type: "string",
      })
      .example("$0 kv repl --dir /tmp/c", "`help` there lists what it knows")
      .example("echo 'get color' | $0 kv repl --dir /tmp/c", "commands from a pipe, one a line")
      .epilogue(
        "Exit codes: 0 ended, 3 no node answers, or, from a pipe, that of the last command that failed.",
      ),
  handler: async (args) => {
    const { runRepl } = await import("./kv/repl.ts");
    await runRepl(args);
  },
};

const keyOf = (key: string, { encoding }: Flags): Uint8Array =>
  parseBytes(key, encoding, "the key");

async function valueOf(value: string, { encoding }: Flags): Promise<Uint8Array> {
  const { valueFrom } = await import("./kv/run.ts");
  return valueFrom(value, (text) => parseBytes(text, encoding, "the value"), encoding);
}
