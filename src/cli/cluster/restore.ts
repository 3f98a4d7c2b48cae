import { existsSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import type { SessionedStore } from "../../kv/sessions.ts";
import { UserError } from "../../lib/user-error.ts";
import type { NodeConfigFile } from "../../runtime/config.ts";
import { diskPort } from "../../runtime/disk.ts";
import { readBackup } from "../../runtime/rebirth/backup-file.ts";
import {
  newBeginning,
  newClusterId,
  piecesOf,
  writeNewNode,
} from "../../runtime/rebirth/new-life.ts";
import { newConfig, prepareDir, writeConfig } from "../../target/local-dir.ts";
import { describe } from "./backup.ts";

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
  const { meta, machine } = readBackup(file);
  const isNew = !existsSync(dir);
  const options = { nodes, storage: "disk", dir, faultyLinks: false, seed: 1 } as const;
  prepareDir(options);
  const clusterId = newClusterId(meta.clusterId);
  const config = { ...newConfig(options, null), clusterId, bootstrapped: true };
  try {
    await writeNodes(config, machine, { lastIndex: meta.index, term: meta.term });
    writeConfig(config);
  } catch (error) {
    for (const name of readdirSync(dir)) rmSync(join(dir, name), { recursive: true, force: true });
    if (isNew) rmSync(dir, { recursive: true, force: true });
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const fix = "make room, or use another disk; nothing is left of the attempt";
    throw new UserError("cannot restore the backup", [{ where: dir, what: message, fix }]);
  }
  const start = `ordeal cluster start -n ${nodes} --dir ${dir}`;
  if (json) {
    const { keys, sessions, index } = meta;
    return console.log(
      JSON.stringify({ dir: resolve(dir), clusterId, nodes, keys, sessions, index }),
    );
  }
  console.log(`restored into ${dir}, as cluster ${clusterId} of ${nodes} nodes\n${describe(meta)}`);
  console.log(`start it: ${start}`);
}

async function writeNodes(
  { nodes, dataDir, clusterId, voters }: NodeConfigFile,
  machine: SessionedStore,
  old: Parameters<typeof newBeginning>[0],
): Promise<void> {
  const meta = newBeginning(old, voters!);
  for (const { id } of nodes) {
    const at = { port: diskPort(), dir: join(dataDir, `node-${id}`), clusterId, id, meta };
    await writeNewNode({ ...at, state: piecesOf(machine) });
  }
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
