import { doublings, type Metric, single } from "./metric.ts";

const SYNC_BOUNDS = [0.0001, 0.00025, 0.0005, ...doublings(0.001, 14)];
const SNAPSHOT_BOUNDS = doublings(0.01, 14);

/** Disk, snapshots and state. A node with `storage: memory` has no syncs. */
export const STORAGE_METRICS: readonly Metric[] = [
  {
    kind: "histogram",
    name: "ordeal_disk_wal_fsync_duration_seconds",
    help: "How long fdatasync of the log took; one makes many writes durable.",
    labels: [],
    bounds: SYNC_BOUNDS,
    read: ({ counters }) => [[{}, counters.wal.syncUs]],
  },
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
  {
    kind: "counter",
    name: "ordeal_disk_failures_total",
    help: "Writes and syncs that failed, by what they were for. One of the log ends the node.",
    labels: ["of"],
    read: ({ counters }) => [
      [{ of: "wal" }, counters.wal.failures],
      [{ of: "snapshot" }, counters.snapshotFiles.failures],
    ],
  },
  {
    kind: "histogram",
    name: "ordeal_snap_fsync_duration_seconds",
    help: "How long fdatasync of snapshot files took.",
    labels: [],
    bounds: SYNC_BOUNDS,
    read: ({ counters }) => [[{}, counters.snapshotFiles.syncUs]],
  },
  {
    kind: "histogram",
    name: "ordeal_snap_db_save_total_duration_seconds",
    help: "From the beginning of a snapshot of its own state until it was durable, of all groups.",
    labels: [],
    bounds: SNAPSHOT_BOUNDS,
    read: ({ counters }) => [[{}, counters.snapshotUs]],
  },
  single(
    "counter",
    "ordeal_snap_write_bytes_total",
    "Bytes written to snapshot files.",
    (s) => s.counters.snapshotFiles.writtenBytes,
  ),
  {
    kind: "counter",
    name: "ordeal_snap_total",
    help: "Snapshots of its own state taken, those of leaders installed, and those that could not be written.",
    labels: ["outcome"],
    read: ({ counters }) => [
      [{ outcome: "taken" }, counters.snapshotsTaken],
      [{ outcome: "installed" }, counters.snapshotsInstalled],
      [{ outcome: "failed" }, counters.snapshotsFailed],
    ],
  },
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
