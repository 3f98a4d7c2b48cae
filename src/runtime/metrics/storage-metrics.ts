import { byLabel, doublings, histogram, type Metric, single } from "./metric.ts";

const SYNC_BOUNDS = [0.0001, 0.00025, 0.0005, ...doublings(0.001, 14)];
const SNAPSHOT_BOUNDS = doublings(0.01, 14);

/** Disk, snapshots and state. A node with `storage: memory` has no syncs. */
export const STORAGE_METRICS: readonly Metric[] = [
  histogram(
    "ordeal_disk_wal_fsync_duration_seconds",
    "How long fdatasync of the log took; one makes many writes durable.",
    SYNC_BOUNDS,
    (s) => s.counters.wal.syncUs,
  ),
  single(
    "counter",
    "ordeal_disk_wal_write_bytes_total",
    "Bytes written to the log.",
    (s) => s.counters.wal.writtenBytes,
  ),
  single(
    "gauge",
    "ordeal_disk_wal_pending_bytes",
    "Bytes of entries that wait to become durable.",
    (s) => s.walPendingBytes,
  ),
  byLabel(
    "counter",
    "ordeal_disk_failures_total",
    "Writes and syncs that failed, by what they were for. One of the log ends the node.",
    "of",
    ({ counters: { wal, snapshotFiles } }) => ({
      wal: wal.failures,
      snapshot: snapshotFiles.failures,
    }),
  ),
  histogram(
    "ordeal_snap_fsync_duration_seconds",
    "How long fdatasync of snapshot files took.",
    SYNC_BOUNDS,
    (s) => s.counters.snapshotFiles.syncUs,
  ),
  histogram(
    "ordeal_snap_db_save_total_duration_seconds",
    "From the beginning of a snapshot of its own state until it was durable, of all groups.",
    SNAPSHOT_BOUNDS,
    (s) => s.counters.snapshotUs,
  ),
  single(
    "counter",
    "ordeal_snap_write_bytes_total",
    "Bytes written to snapshot files.",
    (s) => s.counters.snapshotFiles.writtenBytes,
  ),
  byLabel(
    "counter",
    "ordeal_snap_total",
    "Snapshots of its own state taken, those of leaders installed, and those that could not be written.",
    "outcome",
    ({ counters }) => ({
      taken: counters.snapshotsTaken,
      installed: counters.snapshotsInstalled,
      failed: counters.snapshotsFailed,
    }),
  ),
  single(
    "gauge",
    "ordeal_debugging_mvcc_keys_total",
    "Keys in its store, of all groups.",
    (s) => s.state.keys,
  ),
  single(
    "gauge",
    "ordeal_mvcc_db_total_size_in_bytes",
    "Memory for keys and values, used or free for reuse, of all groups.",
    (s) => s.state.bytes,
  ),
  single(
    "gauge",
    "ordeal_sessions",
    "Open sessions of clients, of all groups.",
    (s) => s.state.sessions,
  ),
];
