import type { GroupId, LogIndex } from "../lib/ids.ts";
import type { Restored, SnapshotMeta } from "../raft/api.ts";
import { lastIndexOf } from "../raft/batch.ts";
import { WireError } from "../wire/bytes.ts";
import type { FilePort } from "./file-port.ts";
import { GroupLog } from "./group-log.ts";
import type { LogMark, RecoveredGroups, RecoveryReport, StorageIdentity } from "./log-storage.ts";
import {
  endOfData,
  findRecord,
  type FoundRecord,
  type ItemSink,
  readItems,
  scanForRecord,
  type SegmentBytes,
  segmentBytes,
} from "./record.ts";
import {
  checkSegmentOwner,
  decodeSegmentHeader,
  SEGMENT_HEADER_BYTES,
  segmentName,
  segmentNumber,
} from "./segment.ts";
import { StorageError } from "./storage-error.ts";

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
  readonly lastIndexes: ReadonlyMap<GroupId, LogIndex>;
};

/** One segment as recovery sees it. `end` is where its last good record ends. */
type Segment = {
  readonly number: number;
  readonly path: string;
  readonly salt: number;
  readonly file: SegmentBytes;
  readonly lastIndexes: Map<GroupId, LogIndex>;
  end: number;
};

/**
 * Reads the log in `dir` and makes it ready to be continued.
 *
 * Only one record is ever on its way to the disk, so only the last one can be torn: it was never
 * durable, and is cut. Anything else that is not as it was written (a bad record before a valid one,
 * a bad one that was once complete, a missing segment) would lose acknowledged writes: throws
 * StorageError. Throws UserError when the data is another node's. Changes nothing before it is sure.
 *
 * With `snapshots` the first segments may be gone, as far as a snapshot covers what they held.
 */
export function recover(
  port: FilePort,
  dir: string,
  identity: StorageIdentity,
  snapshots: ReadonlyMap<GroupId, SnapshotMeta> = new Map(),
): Recovered {
  const { segments, unfinished } = readSegments(port, dir, identity, snapshots.size > 0);
  const groups = new Map<GroupId, GroupLog>();
  const read = readRecords(segments, groups);
  if (read.stop !== null) checkStop(read.stop, read.sequenceNext);
  checkRest(segments, read.sequenceNext);
  const lastUsed = segments.findLastIndex((s) => s.end > SEGMENT_HEADER_BYTES);
  const kept = segments.slice(0, Math.max(lastUsed, 0) + 1);
  const restored = restoreAll(dir, groups, snapshots);
  const torn = cutTails(port, segments);
  const gone = [...unfinished, ...segments.slice(kept.length).map((s) => s.path)];
  for (const path of gone) port.unlink(path);
  if (gone.length > 0) port.syncDirNow(dir);
  const last = kept[kept.length - 1];
  return {
    groups: restored,
    marks: new Map([...groups].flatMap(([id, { mark }]) => (mark === null ? [] : [[id, mark]]))),
    before: kept.slice(0, -1),
    report: { segments: kept.length, records: read.records, ...torn },
    sequenceNext: read.sequenceNext,
    end:
      last === undefined ? null : { ...last, offset: last.end, fileBytes: last.file.bytes.length },
  };
}

/** Each group's log with its snapshot. A log and a snapshot that do not meet are damage. */
function restoreAll(
  dir: string,
  groups: ReadonlyMap<GroupId, GroupLog>,
  snapshots: ReadonlyMap<GroupId, SnapshotMeta>,
): Map<GroupId, Restored> {
  const restored = new Map<GroupId, Restored>();
  for (const id of new Set([...groups.keys(), ...snapshots.keys()])) {
    const log = groups.get(id);
    if (log === undefined) throw new StorageError(`group ${id} has a snapshot, but no log`, dir);
    try {
      restored.set(id, log.restored(snapshots.get(id) ?? null));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      throw new StorageError(`group ${id}: ${error.message}`, dir);
    }
  }
  return restored;
}

function sinkOf(groups: Map<GroupId, GroupLog>, segment: Segment): ItemSink {
  const groupOf = (id: GroupId): GroupLog => {
    let log = groups.get(id);
    if (log === undefined) groups.set(id, (log = new GroupLog()));
    return log;
  };
  return {
    hardState: (id, state) => groupOf(id).setHardState(state),
    mark: (id, mark) => groupOf(id).setMark(mark),
    batch: (id, batch) => {
      groupOf(id).append(batch);
      noteLast(segment.lastIndexes, id, lastIndexOf(batch));
    },
  };
}

/** Notes that a segment holds an entry of the group. */
export function noteLast(
  lastIndexes: Map<GroupId, LogIndex>,
  group: GroupId,
  index: LogIndex,
): void {
  if (index > (lastIndexes.get(group) ?? 0)) lastIndexes.set(group, index);
}

/** Reads and identifies all segments, in order. Unfinished: made ahead, but never ready for use. */
function readSegments(
  port: FilePort,
  dir: string,
  identity: StorageIdentity,
  mayBeginLater: boolean,
): { readonly segments: Segment[]; readonly unfinished: string[] } {
  const numbers = port
    .list(dir)
    .map(segmentNumber)
    .filter((n) => n !== null)
    .sort((a, b) => a - b);
  const first = mayBeginLater ? (numbers[0] ?? 1) : 1;
  const segments: Segment[] = [];
  const unfinished: string[] = [];
  for (const [i, number] of numbers.entries()) {
    const path = `${dir}/${segmentName(number)}`;
    if (number !== first + i) {
      throw new StorageError(`segment ${segmentName(first + i)} is missing`, dir);
    }
    const bytes = port.read(path);
    const header = decodeSegmentHeader(bytes);
    const file = segmentBytes(bytes);
    if (header === null) {
      // A segment is used only once its header is durable, so records without it are damage.
      const empty =
        endOfData(file, Math.min(SEGMENT_HEADER_BYTES, bytes.length & ~7)) <= SEGMENT_HEADER_BYTES;
      if (i < numbers.length - 1 || !empty) {
        throw new StorageError("the segment header is damaged", `${path} offset 0`);
      }
      unfinished.push(path);
      continue;
    }
    checkSegmentOwner(path, header, identity);
    if (header.number !== number) {
      throw new StorageError(`the file is segment ${header.number}, renamed`, path);
    }
    const { salt } = header;
    const lastIndexes = new Map<GroupId, LogIndex>();
    segments.push({ number, path, salt, file, lastIndexes, end: SEGMENT_HEADER_BYTES });
  }
  return { segments, unfinished };
}

/** Where reading stopped short of a clean end. */
type Stop = { readonly segment: Segment; readonly found: FoundRecord & { readonly kind: "bad" } };

/** Follows the records through the segments, up to the first bad one. */
function readRecords(
  segments: readonly Segment[],
  groups: Map<GroupId, GroupLog>,
): { readonly sequenceNext: number; readonly records: number; readonly stop: Stop | null } {
  let sequenceNext = 1;
  let records = 0;
  for (const segment of segments) {
    const sink = sinkOf(groups, segment);
    for (;;) {
      const found = findRecord(segment.file, segment.end, segment.salt);
      if (found.kind === "none") break;
      if (found.kind === "bad") return { sequenceNext, records, stop: { segment, found } };
      // Where the log began is known by its first segment; later on it is the snapshot that tells.
      if (segment === segments[0] && records === 0 && segment.number > 1)
        sequenceNext = found.sequence;
      if (found.sequence !== sequenceNext) {
        const what = `record ${found.sequence} stands where record ${sequenceNext} belongs`;
        throw new StorageError(what, placeOf(segment, segment.end));
      }
      try {
        readItems(segment.file, segment.end, found.end, sink);
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        const what = `record ${found.sequence} makes no sense: ${error.message}`;
        throw new StorageError(what, placeOf(segment, segment.end));
      }
      segment.end = found.end;
      sequenceNext++;
      records++;
    }
  }
  return { sequenceNext, records, stop: null };
}

const placeOf = (segment: Segment, at: number): string => `${segment.path} offset ${at}`;

/** A record that stops the reading must look torn. */
function checkStop(stop: Stop, sequenceNext: number): void {
  if (stop.found.torn) return;
  throw new StorageError(
    `record ${sequenceNext}: ${stop.found.what}; it was complete once, so it may have been acknowledged`,
    placeOf(stop.segment, stop.segment.end),
  );
}

/** Nothing valid may follow where the records end: a torn record is the last one written. */
function checkRest(segments: readonly Segment[], sequenceNext: number): void {
  const last = segments.findLast((s) => s.end > SEGMENT_HEADER_BYTES) ?? segments[0];
  for (const segment of segments) {
    const later = scanForRecord(segment.file, segment.end, segment.salt, sequenceNext);
    if (later === null || last === undefined) continue;
    throw new StorageError(
      `record ${sequenceNext} is damaged or missing, but the later record ${later.sequence} is at ` +
        placeOf(segment, later.at),
      placeOf(last, last.end),
    );
  }
}

/** Makes all that follows the records zero again, durably. */
function cutTails(
  port: FilePort,
  segments: readonly Segment[],
): { readonly tornBytes: number; readonly tornAt: string | null } {
  let tornBytes = 0;
  let tornAt: string | null = null;
  for (const segment of segments) {
    const end = endOfData(segment.file, segment.end);
    if (end === segment.end) continue;
    const handle = port.open(segment.path);
    try {
      port.write(handle, new Uint8Array(end - segment.end), 0, end - segment.end, segment.end);
      port.syncNow(handle);
    } finally {
      port.close(handle);
    }
    tornBytes += end - segment.end;
    tornAt ??= placeOf(segment, segment.end);
  }
  return { tornBytes, tornAt };
}
