import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../lib/user-error.ts";
import { lockDirectory } from "../dir-lock.ts";
import { diskPort } from "../disk.ts";
import { newBeginning, newClusterId, piecesOf, writeNewNode } from "./new-life.ts";
import { type OldState, readOldState } from "./old-state.ts";

export type Recovered = Pick<OldState, "lastIndex" | "snapshotIndex"> & {
  readonly oldClusterId: string;
  readonly clusterId: string;
  readonly keys: number;
  /** Where the data are as they were. */
  readonly keptDir: string;
};

/**
 * Makes of the data of node `id` in `dataDir` those of the only member of a new cluster: all that its log
 * holds counts as committed (old-state.ts). The data as they were stay beside, in `keptDir`; an error
 * before the very end leaves them in their place. Throws UserError when a process uses the directory, or
 * nothing can be recovered; StorageError when the data are damaged.
 */
export async function recoverNode(dataDir: string, id: number): Promise<Recovered> {
  const dir = join(dataDir, `node-${id}`);
  const port = diskPort();
  const unfinished = `${dir}.recovering`;
  if (!existsSync(dir)) throw missing(dir);
  const lock = lockDirectory(dir);
  try {
    const old = readOldState(port, dir, id);
    const clusterId = newClusterId(old.clusterId);
    const meta = newBeginning(old, [id]);
    rmSync(unfinished, { recursive: true, force: true });
    const state = piecesOf(old.machine);
    await writeNewNode({ port, dir: unfinished, clusterId, id, meta, state });
    const keptDir = `${dir}.before-${clusterId.slice(-8)}`;
    renameSync(dir, keptDir);
    renameSync(unfinished, dir);
    port.syncDirNow(dataDir);
    const { lastIndex, snapshotIndex, clusterId: oldClusterId, machine } = old;
    return { lastIndex, snapshotIndex, oldClusterId, clusterId, keys: machine.store.size, keptDir };
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
    lock.release();
  }
}

function missing(where: string): UserError {
  const fix = `name a node whose data are there; after a recovery that was broken off, rename ${where}.before-… back`;
  return new UserError("nothing can be recovered", [
    { where, what: "there is no such directory", fix },
  ]);
}
