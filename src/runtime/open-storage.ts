import { join } from "node:path";
import type { StateMachine } from "../kv/state-machine.ts";
import { FSYNC_DEFAULT } from "../lib/fsync.ts";
import { asNode, GROUP_1, type GroupId } from "../lib/ids.ts";
import type { Millis, Restored, SnapshotMeta } from "../raft/api.ts";
import type { FilePort } from "../storage/file-port.ts";
import type { LogStorage, RecoveryReport } from "../storage/log-storage.ts";
import { MemoryLog } from "../storage/memory.ts";
import { MemorySnapshots } from "../storage/memory-snapshots.ts";
import { FileSnapshots, groupsIn, openSnapshots, snapshotsOf } from "../storage/snapshot-files.ts";
import type { SnapshotStorage } from "../storage/snapshot-storage.ts";
import { openWal } from "../storage/wal.ts";
import type { NodeConfigFile } from "./config.ts";
import { lockDirectory } from "./dir-lock.ts";
import { groupsOfConfig, readLaterGroups, writeLaterGroups } from "./hosted-groups.ts";
import { claimIdentity } from "./identity.ts";
import type { NodeCounters } from "./metrics/node-counters.ts";
import { timedDisk } from "./metrics/timed-disk.ts";
import type { GroupPlace } from "./sharding.ts";

/** Where a node keeps its log and snapshots, and what it found there. */
export type OpenStorage = {
  /** One log for all groups. */
  readonly storage: LogStorage;
  /** The groups that the node hosts, by the config and by its directory. */
  readonly groups: readonly OpenGroup[];
  /** null: nothing, or memory. */
  readonly report: (RecoveryReport & { readonly damagedSnapshots: readonly string[] }) | null;
  /** False: the node has lost its data, and must not promise anything under its old identity. */
  readonly mayVote: boolean;
  /** Begins a group that the config does not name; durable when it returns: it is among `groups` from now on. */
  addGroup(place: GroupPlace): OpenGroup;
  /** Closes the files and lets another process have the directory. */
  close(): void;
};

export type OpenGroup = GroupPlace & {
  readonly snapshots: SnapshotStorage;
  /** null: nothing, or memory. */
  readonly restored: Restored | null;
};

export type StorageEnvironment = {
  readonly disk: FilePort;
  readonly now: () => Millis;
  /** A write failed: what the disk holds is unknown, and the node must end. */
  readonly onFatal: (error: unknown) => void;
  /** As Host.together. */
  readonly together: (tell: () => void) => void;
  readonly counters: NodeCounters;
  /** The node is new in a cluster that runs: an empty directory is no loss. */
  readonly isJoining: boolean;
  /** The state of a group; it is loaded with its newest snapshot. */
  readonly machineOf: (group: GroupId) => StateMachine;
};

/**
 * Opens the storage of node `id` as its config says, and loads the newest snapshot of each group into its machine.
 * Throws UserError when the directory cannot be used, is another node's or another cluster's, or is
 * held by a running process; data stay as they are then. Throws StorageError when they are damaged.
 */
export function openStorage(
  config: NodeConfigFile,
  id: number,
  environment: StorageEnvironment,
): OpenStorage {
  if (config.storage === "memory") return memoryStorage(config, id);
  const dir = join(config.dataDir, `node-${id}`);
  const lock = lockDirectory(dir);
  try {
    const opened = openDisk(config, id, dir, environment);
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
  { disk: port, now, onFatal, together, counters, isJoining, machineOf }: StorageEnvironment,
): OpenStorage {
  const identity = { clusterId: config.clusterId, nodeId: asNode(id) };
  const shared = { port: timedDisk(port, counters.snapshotFiles), identity, now };
  const files = new Map<GroupId, FileSnapshots>();
  const damagedSnapshots: string[] = [];
  const dirOf = (group: GroupId): string => snapshotsOf(join(dir, "snapshots"), group);
  const openGroup = (group: GroupId): void => {
    const at = { ...shared, dir: dirOf(group) };
    const { snapshots, damaged } = openSnapshots(at, () => machineOf(group).beginRestore());
    files.set(group, snapshots);
    damagedSnapshots.push(...damaged);
  };
  // Of a thousand groups most may have none: to make and sync directories for them would take seconds.
  const addEmpty = (group: GroupId): void => {
    files.set(group, new FileSnapshots({ ...shared, dir: dirOf(group) }, null));
  };
  const ofConfig = groupsOfConfig(config, id);
  const later = [...readLaterGroups(dir)];
  openGroup(GROUP_1);
  const found = new Set(groupsIn(port.list(dirOf(GROUP_1))));
  const newest = new Map<GroupId, SnapshotMeta>();
  for (const { id: group } of [...ofConfig, ...later]) {
    if (found.has(group)) openGroup(group);
    else if (group !== GROUP_1) addEmpty(group);
    const meta = files.get(group)!.newest?.meta;
    if (meta !== undefined) newest.set(group, meta);
  }
  const { wal, groups, report } = openWal({
    ...shared,
    port: timedDisk(port, counters.wal),
    dir: join(dir, "wal"),
    onFatal,
    fsync: config.fsync ?? FSYNC_DEFAULT,
    snapshots: newest,
    ...(config.sharding && { together }),
  });
  const opened = (place: GroupPlace): OpenGroup => {
    const restored = groups.get(place.id) ?? null;
    return { ...place, snapshots: files.get(place.id)!, restored };
  };
  return {
    storage: wal,
    groups: [...ofConfig, ...later].map(opened),
    report: { ...report, damagedSnapshots },
    // Last: only what has turned out to be this node's own directory is marked as such.
    mayVote: claimIdentity(port, dir, config, id, isJoining),
    addGroup: (place) => {
      addEmpty(place.id);
      writeLaterGroups(port, dir, [...later, place]);
      later.push(place);
      return opened(place);
    },
    close: () => {
      for (const snapshots of files.values()) snapshots.close();
      wal.close();
    },
  };
}

function memoryStorage(config: NodeConfigFile, id: number): OpenStorage {
  const storage = new MemoryLog();
  const identity = { clusterId: config.clusterId, nodeId: asNode(id) };
  const opened = (place: GroupPlace): OpenGroup => {
    const snapshots = new MemorySnapshots(identity, (work) => void setImmediate(work));
    return { ...place, snapshots, restored: null };
  };
  return {
    storage,
    groups: groupsOfConfig(config, id).map(opened),
    report: null,
    mayVote: true,
    addGroup: opened,
    close: () => storage.close(),
  };
}
