import type { GroupId, LogIndex } from "../lib/ids.ts";
import type { SnapshotMeta } from "../raft/api.ts";
import { examine, type Segment, type TornTail } from "./examine.ts";
import type { FilePort } from "./file-port.ts";
import type { LogMark, RecoveredGroups, RecoveryReport, StorageIdentity } from "./log-storage.ts";
import { sealedCopy } from "./record.ts";
import { SEGMENT_HEADER_BYTES } from "./segment.ts";
import { describePlace } from "./storage-error.ts";

/** Where the next record goes: into the last segment that is left, after its last record. */
export type LogEnd = {
  readonly number: number;
  readonly path: string;
  readonly salt: number;
  readonly offset: number;
  readonly fileBytes: number;
  readonly lastIndexes: Map<GroupId, LogIndex>;
};

export type Recovered = {
  readonly groups: RecoveredGroups;
  /** The newest mark of each group in the log. */
  readonly marks: ReadonlyMap<GroupId, LogMark>;
  /** The segments before the last one, oldest first. */
  readonly before: readonly WrittenSegment[];
  readonly report: RecoveryReport;
  readonly sequenceNext: number;
  /** Null when there is no segment yet. */
  readonly end: LogEnd | null;
};

/** A segment, and the highest index of each group that it holds. */
export type WrittenSegment = {
  readonly path: string;
  /** Of the file. */
  readonly bytes: number;
  readonly lastIndexes: ReadonlyMap<GroupId, LogIndex>;
};

/**
 * Reads the log in `dir` and makes it ready to be continued. Throws like `examine`, before it has
 * changed anything.
 */
export function recover(
  port: FilePort,
  dir: string,
  identity: StorageIdentity,
  snapshots: ReadonlyMap<GroupId, SnapshotMeta> = new Map(),
): Recovered {
  const { groups, marks, kept, unused, tails, records, sequenceNext } = examine(
    port,
    dir,
    identity,
    snapshots,
  );
  for (const segment of kept) makeDurable(port, segment, tails);
  port.syncDirNow(dir);
  // The last one first, and durably: a crash between them must not leave a gap.
  for (const path of unused.toReversed()) {
    port.unlink(path);
    port.syncDirNow(dir);
  }
  const [torn] = tails;
  const last = kept[kept.length - 1];
  return {
    groups,
    marks,
    // Without their contents, which would stay in memory for as long as the segments.
    before: kept.slice(0, -1).map(({ path, lastIndexes, file }) => {
      return { path, lastIndexes, bytes: file.bytes.length };
    }),
    report: {
      segments: kept.length,
      records,
      tornBytes: tails.reduce((sum, { from, to }) => sum + to - from, 0),
      tornAt: torn === undefined ? null : describePlace({ path: torn.path, offset: torn.from }),
    },
    sequenceNext,
    end:
      last === undefined ? null : { ...last, offset: last.end, fileBytes: last.file.bytes.length },
  };
}

/**
 * Wipes what is there of a torn record, and makes the rest of a segment as durable as the node will
 * say it is: a process that was killed may have left records that only the page cache holds. After a
 * sync that failed, another one would not write them ("fsyncgate"): so what the last process can have
 * been at, the header and the last record, is written again.
 */
function makeDurable(port: FilePort, segment: Segment, tails: readonly TornTail[]): void {
  const { path, file, last } = segment;
  const handle = port.open(path);
  try {
    for (const { from, to } of tails.filter((tail) => tail.path === path)) {
      port.write(handle, new Uint8Array(to - from), 0, to - from, from);
    }
    port.write(handle, file.bytes, 0, SEGMENT_HEADER_BYTES, 0);
    if (last !== null) {
      const sealed = sealedCopy(file, last);
      port.write(handle, sealed, 0, sealed.length, last.at);
    }
    port.syncNow(handle);
  } finally {
    port.close(handle);
  }
}
