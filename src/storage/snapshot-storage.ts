import type { LogIndex } from "../lib/ids.ts";
import type { SnapshotMeta } from "../raft/api.ts";

/**
 * Where a replica keeps the snapshot of its state: FileSnapshots (on disk) or MemorySnapshots. A
 * snapshot counts once it is durable; until then the one before it stays. What followers are sent is
 * the snapshot in its stored form (snapshot-format.ts), which carries its own checksums.
 *
 * Callbacks come from a later turn of the event loop; only `read` and `receive` may call back within
 * the call, when there is nothing to wait for.
 */
export type SnapshotStorage = {
  /** The newest durable one. */
  readonly newest: StoredSnapshot | null;
  /** Begins one of our own state. One at a time: abandons an unfinished one. */
  begin(meta: SnapshotMeta): SnapshotSink;
  /**
   * Begins to take over a leader's, `totalBytes` in stored form. `state` gets the state machine's
   * bytes as they arrive, each piece checked. One at a time: abandons an unfinished one.
   */
  receive(
    meta: SnapshotMeta,
    totalBytes: number,
    state: (bytes: Uint8Array) => void,
  ): SnapshotReceiver;
  /**
   * Reads up to `bytesMax` of the stored form from `offset` on. `data` is valid within `done` only,
   * and null when that snapshot is not kept (any more), or cannot be read.
   */
  read(
    lastIndex: LogIndex,
    offset: number,
    bytesMax: number,
    done: (data: Uint8Array | null, totalBytes: number) => void,
  ): void;
};

export type StoredSnapshot = { readonly meta: SnapshotMeta; readonly totalBytes: number };

export type SnapshotSink = {
  /** Appends bytes of the state machine, which must not change before `done`. One at a time. */
  write(bytes: Uint8Array, done: (error: Error | null) => void): void;
  /** Makes it durable, and the newest. After an error it never was. */
  finish(done: (error: Error | null) => void): void;
  abandon(): void;
};

export type SnapshotReceiver = {
  /** Takes the next bytes, in order. Throws WireError when they cannot be right. */
  write(data: Uint8Array): void;
  /** Makes it durable, and the newest; `problem` says why it cannot be used. */
  finish(done: (problem: string | null) => void): void;
  abandon(): void;
};
