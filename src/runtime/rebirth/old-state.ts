import { join } from "node:path";
import type { SessionedStore } from "../../kv/sessions.ts";
import type { ShardController } from "../../kv/shard-controller.ts";
import type { ShardKv } from "../../kv/shard-kv.ts";
import type { StateMachine } from "../../kv/state-machine.ts";
import { GROUP_1, type GroupId } from "../../lib/ids.ts";
import { UserError } from "../../lib/user-error.ts";
import { ENTRY_HEADER_BYTES } from "../../raft/batch.ts";
import type { Restored, SnapshotMeta } from "../../raft/api.ts";
import { ENTRY_COMMAND, type EntryBatch } from "../../raft/types.ts";
import { examine } from "../../storage/examine.ts";
import { ownerOf, type ReadPort } from "../../storage/inspect.ts";
import { groupsIn, SNAPSHOT_NAME, snapshotsOf } from "../../storage/snapshot-files.ts";
import { SnapshotDecoder } from "../../storage/snapshot-format.ts";
import { StorageError } from "../../storage/storage-error.ts";
import { WireError } from "../../wire/bytes.ts";
import { Machines } from "../machines.ts";
import type { Sharding } from "../sharding.ts";
import type { OldPlace } from "./new-life.ts";

/** What the disk of one node knows of one group, committed or not. */
export type OldGroup = OldPlace & {
  readonly group: GroupId;
  /** Up to here it is known to have been committed: the snapshot. */
  readonly snapshotIndex: number;
};

export type OldState = { readonly clusterId: string } & (
  | { readonly kind: "whole"; readonly first: OldGroup; readonly machine: SessionedStore }
  | {
      readonly kind: "sharded";
      readonly first: OldGroup;
      readonly controller: ShardController;
      /** The groups of shards that the node hosts, ascending. */
      readonly groups: readonly (OldGroup & { readonly machine: ShardKv })[];
    }
);

const READ_BYTES = 1 << 20;

/**
 * Reads what node `id` holds in `dir`, as it would when it starts, and changes nothing. Every entry of its log
 * counts, though nobody may have told the node yet that it was committed: of those that were
 * acknowledged none may be left out (etcd's rule for --force-new-cluster). `sharding`: of the cluster, if
 * it is sharded. Throws UserError when there is nothing, or when it is not known how the cluster was sharded;
 * StorageError when the data are damaged.
 */
export function readOldState(
  port: ReadPort,
  dir: string,
  id: number,
  sharding: Sharding | undefined,
): OldState {
  const wal = join(dir, "wal");
  const identity = usable(() => ownerOf(port, wal));
  if (identity === null || identity.nodeId !== id) {
    const what =
      identity === null ? "there is no log" : `it holds the log of node ${identity.nodeId}`;
    throw nothing(dir, what, `give the directory that has node ${id}`);
  }
  const { clusterId } = identity;
  const machines = new Machines(sharding, 0);
  const snapshots = join(dir, "snapshots");
  const later = groupsIn(usable(() => port.list(snapshots)) ?? []);
  if (sharding === undefined && later.length > 0) throw shardedUnsaid(dir);
  const known = new Map<GroupId, SnapshotMeta>();
  for (const group of [GROUP_1, ...later]) {
    const found = loadNewest(port, snapshotsOf(snapshots, group), clusterId, machines.of(group));
    if (found !== null) known.set(group, found);
  }
  const { groups } = examine(port, wal, identity, known);
  if (sharding === undefined && groups.size > 1) throw shardedUnsaid(dir);
  const olds = [...groups]
    .sort(([a], [b]) => a - b)
    .map(([group, restored]) =>
      oldGroup(group, restored, known.get(group) ?? null, machines.of(group)),
    );
  const [first, ...others] = olds;
  if (first?.group !== GROUP_1) throw nothing(dir, "its log is empty", "use another survivor");
  const { controller } = machines;
  if (controller === null)
    return { kind: "whole", clusterId, first, machine: machines.of(GROUP_1) as SessionedStore };
  const ofShards = others.map((one) => ({ ...one, machine: machines.shardKv(one.group) }));
  return { kind: "sharded", clusterId, first, controller, groups: ofShards };
}

/** Brings the machine from its snapshot to the end of the log. */
function oldGroup(
  group: GroupId,
  { batches, hardState }: Restored,
  snapshot: SnapshotMeta | null,
  machine: StateMachine,
): OldGroup {
  const snapshotIndex = snapshot?.lastIndex ?? 0;
  let lastIndex: number = snapshotIndex;
  for (const batch of batches) lastIndex = applyBatch(machine, batch, lastIndex);
  const term = Math.max(hardState.term, snapshot?.lastTerm ?? 0);
  return { group, lastIndex, term, snapshotIndex };
}

/** Applies what comes after `applied`, and returns how far the state is then. */
function applyBatch(machine: StateMachine, batch: EntryBatch, applied: number): number {
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
  machine: StateMachine,
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
  machine: StateMachine,
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

const shardedUnsaid = (dir: string): UserError =>
  nothing(
    dir,
    "the data are of a sharded cluster, and nothing says into how many shards",
    "use `ordeal cluster recover --dir DIR`, which reads DIR/config.json",
  );

const nothing = (where: string, what: string, fix: string): UserError =>
  new UserError("nothing can be recovered", [{ where, what, fix }]);
