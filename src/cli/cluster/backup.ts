import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { UserError } from "../../lib/user-error.ts";
import type { NodeAddress } from "../../runtime/config.ts";
import { fetchNode } from "../../security/keyring.ts";
import { type BackupMeta, writeBackup } from "../../runtime/rebirth/backup-file.ts";
import { placesOf } from "../watch/places.ts";

/** A leader may be lost while it is asked, and another one elected. */
const ATTEMPTS = 5;
const RETRY_MS = 500;

/** Backs a running cluster up, and prints what the file holds. Throws UserError; no file is left then. */
export async function runBackup({
  dir,
  nodes,
  out,
  json,
}: {
  readonly dir: string | undefined;
  readonly nodes: string | undefined;
  readonly out: string;
  readonly json: boolean;
}): Promise<void> {
  const path = resolve(out);
  if (existsSync(path)) {
    const problem = {
      where: out,
      what: "the file exists",
      fix: "give a new name; no backup is overwritten",
    };
    throw new UserError("cannot write the backup", [problem]);
  }
  const places = await (await placesOf(dir, nodes))();
  const meta = await writeBackup(path, await openStream(places.nodes));
  if (json) return console.log(JSON.stringify({ file: path, ...meta }));
  console.log(`${path}: verified\n${describe(meta)}`);
}

/** What a backup holds, for people. */
export const describe = (meta: BackupMeta): string =>
  `  cluster   ${meta.clusterId}, taken ${meta.takenAt} from node ${meta.node} (Ordeal ${meta.version})
  state     ${meta.keys} keys, ${meta.sessions} sessions, after entry ${meta.index} of term ${meta.term}
  bytes     ${meta.bytes}, checksum ${meta.checksum}`;

type Opened = {
  readonly node: number;
  readonly version: string;
  readonly snapshot: AsyncIterable<Uint8Array>;
};

/** The leader is one of them; the others name it, and are passed over. */
async function openStream(nodes: readonly NodeAddress[]): Promise<Opened> {
  let problems = nodes.map((node) => unreachable(node, "was not asked"));
  for (let i = 0; i < ATTEMPTS; i++) {
    if (i > 0) await Bun.sleep(RETRY_MS);
    problems = [];
    for (const node of nodes) {
      const said = await ask(node);
      if (typeof said !== "string") return said;
      problems.push(unreachable(node, said));
    }
  }
  throw new UserError("no node gives a backup", problems);
}

async function ask({ host, httpPort }: NodeAddress): Promise<Opened | string> {
  try {
    const at = { host, port: httpPort };
    const response = await fetchNode(at, "/admin/backup", { redirect: "manual" });
    if (response.status === 307) return "does not lead";
    if (response.status === 409) {
      const { error, fix } = (await response.json()) as {
        readonly error: string;
        readonly fix: string;
      };
      throw new UserError("the cluster cannot be backed up", [
        { where: `${host}:${httpPort}`, what: error, fix },
      ]);
    }
    if (!response.ok || response.body === null) return `answered ${response.status}`;
    const header = (name: string): string => response.headers.get(name) ?? "";
    const snapshot = response.body;
    return { node: Number(header("X-Ordeal-Node")), version: header("X-Ordeal-Version"), snapshot };
  } catch (error) {
    if (error instanceof UserError) throw error;
    return (error as Error).message;
  }
}

const unreachable = ({ id, host, httpPort }: NodeAddress, what: string) => ({
  ...{ where: `node ${id}, http://${host}:${httpPort}`, what },
  fix: "a majority of the nodes must run; of one survivor: ordeal cluster recover",
});
