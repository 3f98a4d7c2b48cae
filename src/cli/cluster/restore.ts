import { existsSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { GROUP_1 } from "../../lib/ids.ts";
import { UserError } from "../../lib/user-error.ts";
import { diskPort } from "../../runtime/disk.ts";
import { type BackupMeta, readBackup } from "../../runtime/rebirth/backup-file.ts";
import { isSharded, readShardedBackup } from "../../runtime/rebirth/backup-shards.ts";
import {
  newBeginning,
  newClusterId,
  type NewGroup,
  piecesOf,
  writeNewNodes,
} from "../../runtime/rebirth/new-life.ts";
import { shardsOnNodes } from "../../runtime/rebirth/new-shards.ts";
import type { Sharding } from "../../runtime/sharding.ts";
import { newConfig, prepareDir, writeConfig } from "../../target/local-dir.ts";
import { describe, describeSharded } from "./backup.ts";

/**
 * Makes the directory of a new cluster of `nodes` nodes that holds what the backup holds, and starts nothing.
 * Throws UserError when the backup is damaged, or there is something in `dir`: nothing is changed then. What
 * it had made when the disk fails is removed.
 */
export async function runRestore({
  file,
  dir,
  nodes,
  json,
}: {
  readonly file: string;
  readonly dir: string;
  readonly nodes: number;
  readonly json: boolean;
}): Promise<void> {
  refuseUsed(dir);
  const backup = openBackup(file);
  const isNew = !existsSync(dir);
  const options = { nodes, storage: "disk", dir, faultyLinks: false, seed: 1 } as const;
  prepareDir(options);
  const clusterId = newClusterId(backup.meta.clusterId);
  const plain = { ...newConfig(options, null), clusterId, bootstrapped: true };
  const { sharding, groups } = backup.begin(plain.voters!);
  const config = { ...plain, sharding };
  try {
    const port = diskPort();
    const at = config.nodes.map(({ id }) => {
      return { port, id, clusterId, dir: join(config.dataDir, `node-${id}`) };
    });
    await writeNewNodes(at, groups);
    writeConfig(config);
  } catch (error) {
    for (const name of readdirSync(dir)) rmSync(join(dir, name), { recursive: true, force: true });
    if (isNew) rmSync(dir, { recursive: true, force: true });
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const fix = "make room, or use another disk; nothing is left of the attempt";
    throw new UserError("cannot restore the backup", [{ where: dir, what: message, fix }]);
  }
  const { keys, sessions } = backup.meta;
  const done = { dir: resolve(dir), clusterId, nodes, keys, sessions, ...backup.told };
  if (json) return console.log(JSON.stringify(done));
  console.log(`restored into ${dir}, as cluster ${clusterId} of ${nodes} nodes\n${backup.text}`);
  console.log(`start it: ordeal cluster start -n ${nodes} --dir ${dir}`);
}

/** A backup, checked to its end, and what it begins on nodes that all vote. */
type Backup = {
  readonly meta: Pick<BackupMeta, "clusterId" | "keys" | "sessions">;
  readonly text: string;
  /** For --json. */
  readonly told: { readonly index: number } | { readonly shards: number; readonly groups: number };
  readonly begin: (voters: readonly number[]) => {
    readonly sharding: Sharding | undefined;
    readonly groups: Iterable<NewGroup>;
  };
};

function openBackup(file: string): Backup {
  if (isSharded(file)) {
    const backup = readShardedBackup(file);
    const { shards, groups } = backup.meta;
    return {
      ...{ meta: backup.meta, text: describeSharded(backup.meta), told: { shards, groups } },
      begin: (voters) => shardsOnNodes(backup, voters),
    };
  }
  const { meta, machine } = readBackup(file);
  const old = { lastIndex: meta.index, term: meta.term };
  return {
    meta,
    text: describe(meta),
    told: { index: meta.index },
    begin: (voters) => {
      const group = { group: GROUP_1, meta: newBeginning(old, voters) };
      return { sharding: undefined, groups: [{ ...group, state: () => piecesOf(machine) }] };
    },
  };
}

function refuseUsed(dir: string): void {
  if (!existsSync(dir)) return;
  const [first] = readdirSync(dir);
  if (first === undefined) return;
  throw new UserError("cannot restore the backup", [
    {
      where: dir,
      what: `the directory is not empty: ${first} is there`,
      fix: "give a directory that is empty or absent; nothing is overwritten",
    },
  ]);
}
