import { join } from "node:path";
import { asNode, GROUP_1 } from "../lib/ids.ts";
import type { Millis, Restored } from "../raft/api.ts";
import type { LogStorage, RecoveryReport } from "../storage/log-storage.ts";
import { MemoryLog } from "../storage/memory.ts";
import { openWal } from "../storage/wal.ts";
import type { NodeConfigFile } from "./config.ts";
import { lockDirectory } from "./dir-lock.ts";
import { diskPort } from "./disk.ts";

/** Where a node keeps its log, and what it found there. */
export type OpenStorage = {
  readonly storage: LogStorage;
  /** null: nothing, or memory. */
  readonly restored: Restored | null;
  readonly report: RecoveryReport | null;
  /** Closes the files and lets another process have the directory. */
  close(): void;
};

export type StorageEnvironment = {
  readonly now: () => Millis;
  /** A write failed: what the disk holds is unknown, and the node must end. */
  readonly onFatal: (error: unknown) => void;
};

/**
 * Opens the storage of node `id` as its config says. Throws UserError when the directory cannot be
 * used, is another node's or another cluster's, or is held by a running process; data stay as they
 * are then. Throws StorageError when they are damaged.
 */
export function openStorage(
  config: NodeConfigFile,
  id: number,
  environment: StorageEnvironment,
): OpenStorage {
  if (config.storage === "memory") {
    const storage = new MemoryLog();
    return { storage, restored: null, report: null, close: () => storage.close() };
  }
  const dir = join(config.dataDir, `node-${id}`);
  const lock = lockDirectory(dir);
  try {
    const { wal, groups, report } = openWal({
      ...environment,
      port: diskPort(),
      dir: join(dir, "wal"),
      identity: { clusterId: config.clusterId, nodeId: asNode(id) },
    });
    const close = (): void => {
      wal.close();
      lock.release();
    };
    return { storage: wal, restored: groups.get(GROUP_1) ?? null, report, close };
  } catch (error) {
    lock.release();
    throw error;
  }
}
