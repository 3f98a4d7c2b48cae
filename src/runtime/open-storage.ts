import { join } from "node:path";
import type { StateMachine } from "../kv/state-machine.ts";
import { FSYNC_DEFAULT } from "../lib/fsync.ts";
import { asNode, GROUP_1 } from "../lib/ids.ts";
import type { Millis, Restored } from "../raft/api.ts";
import type { FilePort } from "../storage/file-port.ts";
import type { LogStorage, RecoveryReport } from "../storage/log-storage.ts";
import { MemoryLog } from "../storage/memory.ts";
import { MemorySnapshots } from "../storage/memory-snapshots.ts";
import { openSnapshots } from "../storage/snapshot-files.ts";
import type { SnapshotStorage } from "../storage/snapshot-storage.ts";
import { openWal } from "../storage/wal.ts";
import type { NodeConfigFile } from "./config.ts";
import { lockDirectory } from "./dir-lock.ts";
import { claimIdentity } from "./identity.ts";

/** Where a node keeps its log and snapshots, and what it found there. */
export type OpenStorage = {
  readonly storage: LogStorage;
  readonly snapshots: SnapshotStorage;
  /** null: nothing, or memory. */
  readonly restored: Restored | null;
  readonly report: (RecoveryReport & { readonly damagedSnapshots: readonly string[] }) | null;
  /** False: the node has lost its data, and must not promise anything under its old identity. */
  readonly mayVote: boolean;
  /** Closes the files and lets another process have the directory. */
  close(): void;
};

export type StorageEnvironment = {
  readonly disk: FilePort;
  readonly now: () => Millis;
  /** A write failed: what the disk holds is unknown, and the node must end. */
  readonly onFatal: (error: unknown) => void;
  /** The node is new in a cluster that runs: an empty directory is no loss. */
  readonly isJoining: boolean;
};

/**
 * Opens the storage of node `id` as its config says, and loads its newest snapshot into `machine`.
 * Throws UserError when the directory cannot be used, is another node's or another cluster's, or is
 * held by a running process; data stay as they are then. Throws StorageError when they are damaged.
 */
export function openStorage(
  config: NodeConfigFile,
  id: number,
  machine: StateMachine,
  environment: StorageEnvironment,
): OpenStorage {
  if (config.storage === "memory") return memoryStorage(config, id);
  const dir = join(config.dataDir, `node-${id}`);
  const lock = lockDirectory(dir);
  try {
    const opened = openDisk(config, id, dir, machine, environment);
    const close = (): void => {
      opened.close();
      lock.release();
    };
    return { ...opened, close };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function openDisk(
  config: NodeConfigFile,
  id: number,
  dir: string,
  machine: StateMachine,
  { disk: port, now, onFatal, isJoining }: StorageEnvironment,
): OpenStorage {
  const identity = { clusterId: config.clusterId, nodeId: asNode(id) };
  const shared = { port, identity, now };
  const { snapshots, damaged } = openSnapshots({ ...shared, dir: join(dir, "snapshots") }, () =>
    machine.beginRestore(),
  );
  const newest = snapshots.newest?.meta;
  const { wal, groups, report } = openWal({
    ...shared,
    dir: join(dir, "wal"),
    onFatal,
    fsync: config.fsync ?? FSYNC_DEFAULT,
    ...(newest && { snapshots: new Map([[GROUP_1, newest]]) }),
  });
  return {
    storage: wal,
    snapshots,
    restored: groups.get(GROUP_1) ?? null,
    report: { ...report, damagedSnapshots: damaged },
    // Last: only what has turned out to be this node's own directory is marked as such.
    mayVote: claimIdentity(port, dir, config, id, isJoining),
    close: () => {
      snapshots.close();
      wal.close();
    },
  };
}

function memoryStorage(config: NodeConfigFile, id: number): OpenStorage {
  const storage = new MemoryLog();
  const identity = { clusterId: config.clusterId, nodeId: asNode(id) };
  const snapshots = new MemorySnapshots(identity, (work) => void setImmediate(work));
  return {
    storage,
    snapshots,
    restored: null,
    report: null,
    mayVote: true,
    close: () => storage.close(),
  };
}
