import { type Client, connect, type ConnectOptions } from "../../connect/client.ts";
import { addressText } from "../../connect/discover.ts";
import { loadCredentials } from "../../security/credentials.ts";
import { UserError } from "../../lib/user-error.ts";
import { parseNodes, readClusterAddress } from "../load/address.ts";
import { parseDurationMs } from "../parse.ts";
import type { Encoding } from "./encoding.ts";
import { type Outcome, outcomeOf, perform, type Request } from "./perform.ts";
import { documentOf, entryLines, exitCodeOf, noteOf } from "./show.ts";

/** Which cluster, one of the two, and how long to wait for it. */
export type Where = {
  readonly dir?: string | undefined;
  readonly nodes?: string | undefined;
  readonly timeout: string;
};

export type Flags = Where & {
  readonly encoding: Encoding;
  readonly json: boolean;
};

/** How the value of a get, or the entries of a scan, are printed. */
export type Printing = { readonly raw?: boolean; readonly keysOnly?: boolean };

/** Client ports of the cluster, and how we show it who we are. Throws UserError. */
export function seedsAt({
  dir,
  nodes,
}: Pick<Where, "dir" | "nodes">): Pick<ConnectOptions, "nodes" | "tls" | "token"> {
  if ((dir === undefined) === (nodes === undefined)) {
    const what = dir === undefined ? "no cluster is named" : "both name a cluster";
    const fix = "give --dir DIR of `ordeal cluster start`, or --nodes host:port,…";
    throw new UserError("which cluster?", [{ where: "--dir, --nodes", what, fix }]);
  }
  const address = dir === undefined ? parseNodes(nodes!) : readClusterAddress(dir);
  const seeds = address.nodes.map(addressText);
  if (address.credentials === undefined) return { nodes: seeds };
  const { token, ca, cert, key } = loadCredentials(address.credentials);
  return {
    nodes: seeds,
    tls: { ca, ...(cert !== undefined && key !== undefined && { cert, key }) },
    ...(token !== undefined && { token }),
  };
}

/** Throws UserError, and OperationFailedError when no node answers. */
export const open = (where: Where): Promise<Client> =>
  connect({ ...seedsAt(where), timeoutMs: parseDurationMs(where.timeout, "--timeout") });

/** Does one thing, prints what came of it, and sets the exit code. */
export async function runOnce(
  flags: Flags,
  request: Request,
  printing: Printing = {},
): Promise<void> {
  const outcome = await outcomeFor(flags, request);
  process.exitCode = exitCodeOf(outcome);
  if (flags.json) {
    process.stdout.write(`${JSON.stringify(documentOf(outcome, flags.encoding), null, 2)}\n`);
    return;
  }
  print(outcome, flags.encoding, printing);
  const note = noteOf(outcome, flags.encoding);
  if (note !== undefined) process.stderr.write(`${note}\n`);
}

async function outcomeFor(where: Where, request: Request): Promise<Outcome> {
  let db: Client;
  try {
    db = await open(where);
  } catch (error) {
    return outcomeOf(error);
  }
  try {
    return await perform(db, request);
  } finally {
    await db.close();
  }
}

function print(outcome: Outcome, encoding: Encoding, { raw, keysOnly }: Printing): void {
  switch (outcome.kind) {
    case "found": {
      const { valueBytes } = outcome.entry;
      const bytes =
        encoding === "text" ? valueBytes : Buffer.from(Buffer.from(valueBytes).toString(encoding));
      process.stdout.write(raw === true ? bytes : Buffer.concat([bytes, Buffer.from("\n")]));
      return;
    }
    case "written":
      process.stdout.write(`version ${outcome.version}\n`);
      return;
    case "deleted":
      process.stdout.write("deleted\n");
      return;
    case "scanned":
      process.stdout.write(entryLines(outcome.entries, encoding, keysOnly === true));
      return;
    default:
  }
}

/** The value of a command line; "-": what stdin gives, all of it, as it is but for the encoding. Throws UserError. */
export async function valueFrom(
  written: string,
  parse: (text: string) => Uint8Array,
  encoding: Encoding,
): Promise<Uint8Array> {
  // yargs takes a lone "-" for an option without a name, and gives an empty word.
  const isDash = written === "" && process.argv.includes("-");
  if (!isDash) return parse(written);
  const bytes = await Bun.stdin.bytes();
  return encoding === "text" ? bytes : parse(new TextDecoder().decode(bytes).trim());
}
