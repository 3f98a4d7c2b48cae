import { join } from "node:path";
import { createStateMachine, type SessionedStore } from "../../kv/sessions.ts";
import { GROUP_1 } from "../../lib/ids.ts";
import { UserError } from "../../lib/user-error.ts";
import { ENTRY_HEADER_BYTES } from "../../raft/batch.ts";
import type { SnapshotMeta } from "../../raft/api.ts";
import { ENTRY_COMMAND, type EntryBatch } from "../../raft/types.ts";
import { examine } from "../../storage/examine.ts";
import { ownerOf, type ReadPort } from "../../storage/inspect.ts";
import { SNAPSHOT_NAME } from "../../storage/snapshot-files.ts";
import { SnapshotDecoder } from "../../storage/snapshot-format.ts";
import { StorageError } from "../../storage/storage-error.ts";
import { WireError } from "../../wire/bytes.ts";
import type { OldPlace } from "./new-life.ts";

/** All that the disk of one node knows, committed or not. */
export type OldState = OldPlace & {
  readonly clusterId: string;
  readonly machine: SessionedStore;
  /** Up to here it is known to have been committed: the snapshot. */
  readonly snapshotIndex: number;
  readonly voters: readonly number[];
};

const READ_BYTES = 1 << 20;

/**
 * Reads what node `id` holds in `dir`, as it would when it starts, and changes nothing. Every entry of its log
 * counts, though nobody may have told the node yet that it was committed: of those that were
 * acknowledged none may be left out (etcd's rule for --force-new-cluster). Throws UserError when there is
 * nothing, or the node is one of a sharded cluster; StorageError when the data are damaged.
 */
export function readOldState(port: ReadPort, dir: string, id: number): OldState {
  const wal = join(dir, "wal");
  const identity = usable(() => ownerOf(port, wal));
  if (identity === null || identity.nodeId !== id) {
    const what =
      identity === null ? "there is no log" : `it holds the log of node ${identity.nodeId}`;
    throw nothing(dir, what, `give the directory that has node ${id}`);
  }
  const { clusterId } = identity;
  const machine = createStateMachine();
  const snapshot = loadNewest(port, join(dir, "snapshots"), clusterId, machine);
  const known = new Map(snapshot === null ? [] : [[GROUP_1, snapshot] as const]);
  const { groups } = examine(port, wal, identity, known);
  if (groups.size > 1) {
    const what = "the cluster is sharded: one node does not hold all groups";
    throw nothing(
      dir,
      what,
      "start a majority of each group's nodes, or restore a copy of each node",
    );
  }
  const restored = groups.get(GROUP_1);
  if (restored === undefined) throw nothing(dir, "its log is empty", "use another survivor");
  const snapshotIndex = snapshot?.lastIndex ?? 0;
  let lastIndex: number = snapshotIndex;
  for (const batch of restored.batches) lastIndex = applyBatch(machine, batch, lastIndex);
  const term = Math.max(restored.hardState.term, snapshot?.lastTerm ?? 0);
  const voters = snapshot?.membership.voters ?? [];
  return { clusterId, machine, lastIndex, term, snapshotIndex, voters };
}

/** Applies what comes after `applied`, and returns how far the state is then. */
function applyBatch(machine: SessionedStore, batch: EntryBatch, applied: number): number {
  const { bytes, firstIndex, count, kind } = batch;
  const last = Math.max(applied, firstIndex + count - 1);
  if (kind !== ENTRY_COMMAND) return last;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  for (let i = 0; i < count; i++) {
    const start = at + ENTRY_HEADER_BYTES;
    at = start + view.getUint32(at, true);
    if (firstIndex + i > applied) machine.apply(bytes, view, start, at, firstIndex + i);
  }
  return last;
}

/** The newest sound snapshot, loaded; null: there is none. Throws StorageError when all are damaged. */
function loadNewest(
  port: ReadPort,
  dir: string,
  clusterId: string,
  machine: SessionedStore,
): SnapshotMeta | null {
  const names = usable(() => port.list(dir)) ?? [];
  const damaged: string[] = [];
  for (const name of names
    .filter((one) => SNAPSHOT_NAME.test(one))
    .sort()
    .reverse()) {
    try {
      return loadSnapshot(port, `${dir}/${name}`, clusterId, machine);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      damaged.push(`${name}: ${error.message}`);
    }
  }
  if (damaged.length === 0) return null;
  throw new StorageError(`no snapshot is sound: ${damaged.join("; ")}`, { path: dir });
}

function loadSnapshot(
  port: ReadPort,
  path: string,
  clusterId: string,
  machine: SessionedStore,
): SnapshotMeta {
  const restore = machine.beginRestore();
  const decoder = new SnapshotDecoder(clusterId, (bytes) => restore.write(bytes));
  const file = port.open(path);
  try {
    const bytes = new Uint8Array(READ_BYTES);
    for (let at = 0, got = -1; got !== 0; at += got) {
      got = port.readAt(file, bytes, at);
      decoder.write(bytes.subarray(0, got));
    }
  } finally {
    port.close(file);
  }
  if (decoder.meta === null || !decoder.ended) throw new WireError("snapshot: cut short");
  restore.finish();
  return decoder.meta;
}

/** Null when the directory is not there. */
function usable<T>(look: () => T): T | null {
  try {
    return look();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

const nothing = (where: string, what: string, fix: string): UserError =>
  new UserError("nothing can be recovered", [{ where, what, fix }]);
