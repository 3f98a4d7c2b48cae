import { asNode, GROUP_1, type GroupId } from "../lib/ids.ts";
import { UserError } from "../lib/user-error.ts";
import type { SnapshotMeta } from "../raft/api.ts";
import { WireError } from "../wire/bytes.ts";
import { examine, type TornTail } from "./examine.ts";
import { ownerOf, type ReadPort } from "./inspect.ts";
import { groupsIn, SNAPSHOT_NAME, snapshotsOf, UNFINISHED_NAME } from "./snapshot-files.ts";
import { SnapshotDecoder } from "./snapshot-format.ts";
import { StorageError } from "./storage-error.ts";

/** Where a node keeps what it must not lose. */
export type NodeDirs = { readonly wal: string; readonly snapshots: string | null };

export type SnapshotInfo = {
  readonly group: GroupId;
  /** Below the directory of the snapshots. */
  readonly file: string;
  readonly bytes: number;
  /** Null: the header is damaged. */
  readonly meta: SnapshotMeta | null;
  readonly chunks: number;
  /** Over the whole, in hexadecimal. */
  readonly checksum: string;
  /** Null: every checksum is right, each chunk's and the one over the whole. */
  readonly problem: string | null;
};

export type SnapshotsInfo = {
  /** By group, oldest first. */
  readonly snapshots: readonly SnapshotInfo[];
  /** Never finished; the node deletes them when it starts. */
  readonly unfinished: readonly string[];
};

const READ_BYTES = 1 << 20;

/** Reads every snapshot of every group to its end, checking all of it. */
export function inspectSnapshots(port: ReadPort, { wal, snapshots }: NodeDirs): SnapshotsInfo {
  if (snapshots === null) return { snapshots: [], unfinished: [] };
  const clusterId = ownerOf(port, wal)?.clusterId ?? null;
  const all = [GROUP_1, ...groupsIn(port.list(snapshots))].map((group) => {
    const dir = snapshotsOf(snapshots, group);
    const below = dir.slice(snapshots.length + 1);
    const files = port.list(dir).sort();
    return { group, files: files.map((name) => ({ name, file: join(below, name) })) };
  });
  return {
    snapshots: all.flatMap(({ group, files }) =>
      files
        .filter(({ name }) => SNAPSHOT_NAME.test(name))
        .map(({ file }) => inspectSnapshot(port, snapshots, group, file, clusterId)),
    ),
    unfinished: all.flatMap(({ files }) =>
      files.filter(({ name }) => UNFINISHED_NAME.test(name)).map(({ file }) => file),
    ),
  };
}

const join = (dir: string, name: string): string => (dir === "" ? name : `${dir}/${name}`);

function inspectSnapshot(
  port: ReadPort,
  dir: string,
  group: GroupId,
  file: string,
  clusterId: string | null,
): SnapshotInfo {
  let chunks = 0;
  let at = 0;
  let problem: string | null = null;
  const decoder = new SnapshotDecoder(clusterId, () => chunks++);
  const handle = port.open(`${dir}/${file}`);
  try {
    const bytes = new Uint8Array(READ_BYTES);
    for (let got = -1; got !== 0 && problem === null; at += got) {
      got = port.readAt(handle, bytes, at);
      problem = problemOf(() => decoder.write(bytes.subarray(0, got)));
    }
  } finally {
    port.close(handle);
  }
  if (problem === null && !decoder.ended) problem = "snapshot: cut short";
  const checksum = decoder.checksum.toString(16).padStart(8, "0");
  return { group, file, bytes: at, meta: decoder.meta, chunks, checksum, problem };
}

function problemOf(work: () => void): string | null {
  try {
    work();
    return null;
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return error.message;
  }
}

/** What is wrong, where ("FILE offset N record R"), and what an operator can do. */
export type Damage = { readonly where: string; readonly what: string; readonly fix: string };

export type Verification = {
  readonly damage: readonly Damage[];
  /** What is there of a torn last record: never acknowledged, and cut when the node starts. */
  readonly torn: readonly TornTail[];
  readonly records: number;
  readonly snapshots: SnapshotsInfo;
};

/**
 * Reads all that a node holds, and says of it what the node would when it started: by the same code
 * (examine.ts). Besides, every snapshot is checked, the ones that the node would not need too. Changes
 * nothing.
 */
export function verifyNode(port: ReadPort, dirs: NodeDirs): Verification {
  const snapshots = inspectSnapshots(port, dirs);
  const damage: Damage[] = [];
  for (const { file, problem } of snapshots.snapshots) {
    if (problem === null) continue;
    damage.push(new StorageError(problem, { path: `${dirs.snapshots}/${file}` }).problem);
  }
  const newest = new Map<GroupId, SnapshotMeta>();
  for (const { group, meta, problem } of snapshots.snapshots) {
    if (problem === null && meta !== null) newest.set(group, meta);
  }
  const identity = ownerOf(port, dirs.wal) ?? { clusterId: "", nodeId: asNode(1) };
  try {
    const { tails: torn, records } = examine(port, dirs.wal, identity, newest);
    return { damage, torn, records, snapshots };
  } catch (error) {
    if (error instanceof StorageError) damage.push(error.problem);
    else if (error instanceof UserError) damage.push(...error.problems);
    else throw error;
    return { damage, torn: [], records: 0, snapshots };
  }
}
