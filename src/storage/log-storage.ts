import type { FsyncMode } from "../lib/fsync.ts";
import type { GroupId, LogIndex, NodeId, Term } from "../lib/ids.ts";
import type { HardState, Millis, Restored, SnapshotMeta } from "../raft/api.ts";
import type { EntryBatch } from "../raft/types.ts";
import type { FilePort } from "./file-port.ts";

/** One write of one group: replica/ports.ts DurableWrite, told apart by group. */
export type LogWrite = {
  readonly writeSeq: number;
  readonly hardState: HardState | null;
  /**
   * A durable snapshot after which the group's log begins from now on: what it covers may go. A log
   * that does not hold its last entry is replaced by it.
   */
  readonly snapshot: LogMark | null;
  /** Replaces the group's stored log from batches[0].firstIndex on. Contiguous. */
  readonly batches: readonly EntryBatch[];
};

/** The last entry that a snapshot stands for. */
export type LogMark = { readonly lastIndex: LogIndex; readonly lastTerm: Term };

/** Whose data a directory holds. A directory serves one node of one cluster for ever. */
export type StorageIdentity = { readonly clusterId: string; readonly nodeId: NodeId };

/**
 * Where the groups of a node keep their hard state and entries: Wal (on disk) or MemoryLog.
 *
 * `append` only queues (its batches' bytes must not change until they are durable); `commit` starts
 * writing. The owner calls `commit` after it has handed its messages to the transport, so that
 * replication overlaps the disk. Callbacks come in the order of the appends, perhaps within
 * `append` or `commit`, and may call both again.
 */
export type LogStorage = {
  append(group: GroupId, write: LogWrite, durable: (writeSeq: number) => void): void;
  commit(): void;
  /** Bytes appended and not yet durable. The caller limits them (uncommittedBytesMax). */
  readonly pendingBytes: number;
  /**
   * The groups for whose sake the oldest part of the log is kept, once more than `bytesMax` is kept
   * besides what is being written to: a snapshot of theirs would let it go.
   */
  heldBy(bytesMax: number): readonly GroupId[];
  /** Closes the files. What is not durable by now never calls back. */
  close(): void;
};

/** What a node finds in its directory. */
export type RecoveredGroups = ReadonlyMap<GroupId, Restored>;

/** What recovery did, for one log line. */
export type RecoveryReport = {
  readonly segments: number;
  readonly records: number;
  /** Bytes of a torn last record (never durable, so never acknowledged) that were cut. */
  readonly tornBytes: number;
  /** Where the torn record was, "file offset N"; null when nothing was cut. */
  readonly tornAt: string | null;
};

/** Bytes of the first segment; each next one is four times as large, up to `max`. */
export type SegmentSizes = { readonly first: number; readonly max: number };

export type { FsyncMode } from "../lib/fsync.ts";

export type WalOptions = {
  readonly port: FilePort;
  /** Created when missing. The caller holds its lock (runtime/dir-lock.ts). */
  readonly dir: string;
  readonly identity: StorageIdentity;
  /** Monotonic milliseconds, to tell whether the disk is quick enough to wait for. */
  readonly now: () => Millis;
  /**
   * A write or sync failed: called once, and no write is called durable after it. The node must
   * exit: what the disk holds is not known until the next start reads it.
   */
  readonly onFatal: (error: Error) => void;
  /** Called with what tells all owners of a record that it is durable; default: it is told at once. */
  readonly together?: (tell: () => void) => void;
  /** Default: batch. */
  readonly fsync?: FsyncMode;
  /** Records up to this many bytes may be synced within `commit`; 0 for never. */
  readonly syncNowBytesMax?: number;
  /** The durable snapshot of each group that has one: recovery needs the log only from there on. */
  readonly snapshots?: ReadonlyMap<GroupId, SnapshotMeta>;
  /** Sizes of new segments; tests make them small. */
  readonly segmentSizes?: SegmentSizes;
};

/** What openWal(options: WalOptions) returns (wal.ts). It throws UserError or StorageError. */
export type OpenedWal = {
  readonly wal: LogStorage;
  readonly groups: RecoveredGroups;
  readonly report: RecoveryReport;
};
