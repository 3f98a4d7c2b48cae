import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { type Problem, UserError } from "../../lib/user-error.ts";
import type { NodeAddress } from "../../runtime/config.ts";
import { fetchNode } from "../../security/keyring.ts";
import {
  type BackupMeta,
  type BackupSource,
  writeBackup,
} from "../../runtime/rebirth/backup-file.ts";
import {
  type GroupSource,
  type ShardedMeta,
  ShardsMove,
  writeShardedBackup,
} from "../../runtime/rebirth/backup-shards.ts";
import { placesOf } from "../watch/places.ts";

/** A leader may be lost while it is asked, and another one elected. */
const ATTEMPTS = 5;
const RETRY_MS = 500;
/** Shards that move come to rest soon, unless a group is down or an operator goes on moving them. */
const SETTLED_WITHIN_MS = 60_000;

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
  const { nodes: asked } = await (await placesOf(dir, nodes))();
  const whole = await openStream(asked, "/admin/backup");
  if (whole.kind === "sharded") return backupShards({ path, nodes: asked, json, ...whole });
  if (whole.kind === "moving") throw cannot(whole.problem);
  const meta = await writeBackup(path, whole);
  if (json) return console.log(JSON.stringify({ file: path, ...meta }));
  console.log(`${path}: verified\n${describe(meta)}`);
}

/** Group after group, and again from the beginning when shards move meanwhile. */
async function backupShards({
  path,
  nodes,
  shards,
  json,
}: {
  readonly path: string;
  readonly nodes: readonly NodeAddress[];
  readonly shards: number;
  readonly json: boolean;
}): Promise<void> {
  const source: GroupSource = async ({ id, nodes: members }, num) => {
    const from = nodes.filter((node) => members?.includes(node.id) ?? true);
    const config = num === null ? "" : `&config=${num}`;
    const opened = await openStream(from, `/admin/backup?group=${id}${config}`);
    if (opened.kind === "stream") return opened;
    if (opened.kind === "moving") return opened.problem.what;
    throw new Error("a node asked for a group that was named");
  };
  const deadline = performance.now() + SETTLED_WITHIN_MS;
  for (let attempts = 1; ; attempts++) {
    try {
      const meta = await writeShardedBackup(path, shards, source);
      if (json) return console.log(JSON.stringify({ file: path, attempts, ...meta }));
      return console.log(`${path}: verified\n${describeSharded(meta)}`);
    } catch (error) {
      if (!(error instanceof ShardsMove)) throw error;
      if (attempts === 1) console.error(`waiting until no shard moves: ${error.message}`);
      if (performance.now() > deadline) {
        const fix = "see `ordeal shards status`, and try again when it says: nothing moves";
        const what = `shards have moved for ${SETTLED_WITHIN_MS / 1000} s: ${error.message}`;
        throw cannot({ where: "the shards", what, fix });
      }
      await Bun.sleep(RETRY_MS);
    }
  }
}

/** What a backup holds, for people. */
export const describe = (meta: BackupMeta): string =>
  `  cluster   ${meta.clusterId}, taken ${meta.takenAt} from node ${meta.node} (Ordeal ${meta.version})
  state     ${meta.keys} keys, ${meta.sessions} sessions, after entry ${meta.index} of term ${meta.term}
  bytes     ${meta.bytes}, checksum ${meta.checksum}`;

export const describeSharded = (meta: ShardedMeta): string =>
  `  cluster   ${meta.clusterId}, taken ${meta.takenAt}
  shards    ${meta.shards} on ${meta.groups} groups, by config ${meta.config}: each group at a moment of its own
  state     ${meta.keys} keys, ${meta.sessions} sessions
  bytes     ${meta.bytes}`;

type Opened =
  | ({ readonly kind: "stream" } & BackupSource)
  | { readonly kind: "sharded"; readonly shards: number }
  /** Shards move, or what else a node says that cannot be waited for by asking another one. */
  | { readonly kind: "moving"; readonly problem: Problem };

/** The leader is one of them; the others name it, and are passed over. */
async function openStream(nodes: readonly NodeAddress[], path: string): Promise<Opened> {
  let problems = nodes.map((node) => unreachable(node, "was not asked"));
  for (let i = 0; i < ATTEMPTS; i++) {
    if (i > 0) await Bun.sleep(RETRY_MS);
    problems = [];
    for (const node of nodes) {
      const said = await ask(node, path);
      if (typeof said !== "string") return said;
      problems.push(unreachable(node, said));
    }
  }
  throw new UserError("no node gives a backup", problems);
}

async function ask({ host, httpPort }: NodeAddress, path: string): Promise<Opened | string> {
  try {
    const at = { host, port: httpPort };
    const response = await fetchNode(at, path, { redirect: "manual" });
    if (response.status === 307) return "does not lead";
    const header = (name: string): string => response.headers.get(name) ?? "";
    if (response.status === 409) {
      const shards = Number(header("X-Ordeal-Shards"));
      const { error, fix } = (await response.json()) as {
        readonly error: string;
        readonly fix: string;
      };
      if (shards > 0) return { kind: "sharded", shards };
      return { kind: "moving", problem: { where: `${host}:${httpPort}`, what: error, fix } };
    }
    if (!response.ok || response.body === null) return `answered ${response.status}`;
    const [node, version] = [Number(header("X-Ordeal-Node")), header("X-Ordeal-Version")];
    return { kind: "stream", node, version, snapshot: response.body };
  } catch (error) {
    return (error as Error).message;
  }
}

const cannot = (problem: Problem): UserError =>
  new UserError("the cluster cannot be backed up", [problem]);

const unreachable = ({ id, host, httpPort }: NodeAddress, what: string) => ({
  ...{ where: `node ${id}, http://${host}:${httpPort}`, what },
  fix: "a majority of the nodes must run; of one survivor: ordeal cluster recover",
});
