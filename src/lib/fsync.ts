/**
 * When the log is synced. `always`: every write is a record and a sync of its own. `batch`: group
 * commit, one sync for all that came while the one before was out; nothing counts as durable earlier
 * than with `always`. `never`: the operating system writes when it likes, and a loss of power loses
 * acknowledged writes: UNSAFE, and called that in status, logs and reports.
 */
export const FSYNC_MODES = ["always", "batch", "never"] as const;
export type FsyncMode = (typeof FSYNC_MODES)[number];

export const FSYNC_DEFAULT: FsyncMode = "batch";

/** What to warn of, in every place that tells how a node keeps its data; null: nothing. */
export const unsafeFsync = (fsync: FsyncMode | null | undefined): string | null =>
  fsync === "never" ? "UNSAFE: fsync never: a loss of power loses acknowledged writes" : null;

/** How data are kept, in words: `disk, fsync batch`. Of memory there is nothing to sync. */
export function storageText(storage: string, fsync: FsyncMode | null | undefined): string {
  if (fsync === undefined || fsync === null || storage === "memory") return storage;
  const unsafe = unsafeFsync(fsync);
  return `${storage}, ${unsafe ?? `fsync ${fsync}`}`;
}

/** Why `--fsync` and `--storage memory` do not go together: what and fix of a UserError's problem. */
export const FSYNC_OF_MEMORY = {
  what: "nothing is written with storage in memory, so there is nothing to sync",
  fix: "leave fsync out, or keep the data on disk",
} as const;
