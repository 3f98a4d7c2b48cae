import type { GroupId, LogIndex } from "../lib/ids.ts";
import type { Restored, SnapshotMeta } from "../raft/api.ts";
import { lastIndexOf } from "../raft/batch.ts";
import { WireError } from "../wire/bytes.ts";
import type { FilePort } from "./file-port.ts";
import { GroupLog } from "./group-log.ts";
import type { LogMark, RecoveredGroups, StorageIdentity } from "./log-storage.ts";
import {
  findRecord,
  type FoundRecord,
  type ItemSink,
  readItems,
  RECORD_HEADER_BYTES,
  scanForRecord,
  type SegmentBytes,
  segmentBytes,
} from "./record.ts";
import { areOlder, endOfSectors, type RecordPlace, recordStart, sectorEnd } from "./sectors.ts";
import {
  checkSegmentOwner,
  decodeSegmentHeader,
  SEGMENT_HEADER_BYTES,
  segmentName,
  segmentNumber,
} from "./segment.ts";
import { type DamagePlace, describePlace, StorageError } from "./storage-error.ts";

/** One segment as recovery sees it. `end` is where its last good record ends. */
export type Segment = {
  readonly number: number;
  readonly path: string;
  readonly salt: number;
  readonly file: SegmentBytes;
  readonly lastIndexes: Map<GroupId, LogIndex>;
  end: number;
  /** Its last record; null when there is none. */
  last: RecordPlace | null;
};

/** What a log holds, and what is left to do before it can be continued. */
export type Examined = {
  readonly groups: RecoveredGroups;
  readonly marks: ReadonlyMap<GroupId, LogMark>;
  /** All segments that are there, oldest first, up to the last that has a record. */
  readonly kept: readonly Segment[];
  /** Made ahead and never written to, or not even finished, oldest first: they go. */
  readonly unused: readonly string[];
  readonly tails: readonly TornTail[];
  readonly records: number;
  readonly sequenceNext: number;
};

/** Bytes that were never durable: what is there of a torn last record. */
export type TornTail = { readonly path: string; readonly from: number; readonly to: number };

/**
 * Reads the log in `dir`, and changes nothing.
 *
 * Only one record is ever on its way to the disk, so only the last one can be torn: it was never
 * durable, and may be cut. Anything else that is not as it was written (a bad record before a valid
 * one, a bad one that was once complete, a missing segment) would lose acknowledged writes: throws
 * StorageError. Throws UserError when the data is another node's.
 *
 * With `snapshots` the first segments may be gone, as far as a snapshot covers what they held.
 */
export function examine(
  port: Pick<FilePort, "list" | "read">,
  dir: string,
  identity: StorageIdentity,
  snapshots: ReadonlyMap<GroupId, SnapshotMeta>,
): Examined {
  const { segments, headless } = readSegments(port, dir, identity, snapshots.size > 0);
  const groups = new Map<GroupId, GroupLog>();
  const { sequenceNext, records, stop } = readRecords(segments, groups);
  if (stop !== null) checkStop(stop, sequenceNext);
  checkRest(segments, headless, sequenceNext);
  const lastUsed = segments.findLastIndex((s) => s.last !== null);
  const kept = segments.slice(0, Math.max(lastUsed, 0) + 1);
  return {
    groups: restoreAll(dir, groups, snapshots),
    marks: new Map([...groups].flatMap(([id, { mark }]) => (mark === null ? [] : [[id, mark]]))),
    kept,
    unused: [
      ...segments.slice(kept.length).map((s) => s.path),
      ...(headless === null ? [] : [headless.path]),
    ],
    tails: segments.flatMap((segment) => tailOf(segment, stop, sequenceNext)),
    records,
    sequenceNext,
  };
}

/**
 * What is there of the torn record: the sectors of which its header tells, and those with its tag, all
 * of which must go before another record gets its number.
 */
function tailOf(segment: Segment, stop: Stop | null, sequence: number): TornTail[] {
  const { path, file } = segment;
  const from = recordStart(segment.end);
  let to = endOfSectors(file, from, sequence);
  if (stop?.segment === segment) {
    to = Math.max(to, Math.min(sectorEnd(stop.found.end), file.bytes.length));
  }
  return to === from ? [] : [{ path, from, to }];
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
    if (log === undefined)
      throw new StorageError(`group ${id} has a snapshot, but no log`, { path: dir });
    try {
      restored.set(id, log.restored(snapshots.get(id) ?? null));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      throw new StorageError(`group ${id}: ${error.message}`, { path: dir });
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

/** The last file, if it has no whole header: was it never finished, or is it damaged? */
type Headless = { readonly path: string; readonly file: SegmentBytes };

/** Reads and identifies all segments, in order. */
function readSegments(
  port: Pick<FilePort, "list" | "read">,
  dir: string,
  identity: StorageIdentity,
  mayBeginLater: boolean,
): { readonly segments: Segment[]; readonly headless: Headless | null } {
  const numbers = port
    .list(dir)
    .map(segmentNumber)
    .filter((n) => n !== null)
    .sort((a, b) => a - b);
  const first = mayBeginLater ? (numbers[0] ?? 1) : 1;
  const segments: Segment[] = [];
  let headless: Headless | null = null;
  for (const [i, number] of numbers.entries()) {
    const path = `${dir}/${segmentName(number)}`;
    if (number !== first + i) {
      throw new StorageError("the segment is missing", {
        path: `${dir}/${segmentName(first + i)}`,
      });
    }
    const bytes = port.read(path);
    const header = decodeSegmentHeader(bytes);
    const file = segmentBytes(bytes);
    if (header === null) {
      if (i < numbers.length - 1) throw headerDamage(path);
      headless = { path, file };
      continue;
    }
    checkSegmentOwner(path, header, identity);
    if (header.number !== number) {
      throw new StorageError(`the file is segment ${header.number}, renamed`, { path });
    }
    const { salt } = header;
    const lastIndexes = new Map<GroupId, LogIndex>();
    const end = SEGMENT_HEADER_BYTES;
    segments.push({ number, path, salt, file, lastIndexes, end, last: null });
  }
  return { segments, headless };
}

const headerDamage = (path: string): StorageError =>
  new StorageError("the segment header is damaged", { path, offset: 0 });

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
      // Where the log began is known by its first segment; later on it is the snapshot that tells.
      const isFirst = segment === segments[0] && records === 0 && segment.number > 1;
      const expected = isFirst ? null : sequenceNext;
      const found = findRecord(segment.file, segment.end, segment.salt, expected);
      if (found.kind === "none") break;
      if (found.kind === "bad") return { sequenceNext, records, stop: { segment, found } };
      if (isFirst) sequenceNext = found.sequence;
      if (found.sequence !== sequenceNext) {
        const what = `record ${found.sequence} stands where this one belongs`;
        throw new StorageError(what, placeOf(segment, segment.end, sequenceNext));
      }
      try {
        readItems(segment.file, found, sink);
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        const what = `the record makes no sense: ${error.message}`;
        throw new StorageError(what, placeOf(segment, segment.end, sequenceNext));
      }
      segment.last = found;
      segment.end = found.end;
      sequenceNext++;
      records++;
    }
  }
  return { sequenceNext, records, stop: null };
}

const placeOf = ({ path }: Segment, offset: number, record: number): DamagePlace => ({
  path,
  offset,
  record,
});

/** A record that stops the reading must look torn. */
function checkStop(stop: Stop, sequenceNext: number): void {
  if (stop.found.torn) return;
  throw new StorageError(
    `${stop.found.what}; it was complete once, so it may have been acknowledged`,
    placeOf(stop.segment, stop.segment.end, sequenceNext),
  );
}

/** Nothing of a later record may follow where the records end: a torn record is the last one written. */
function checkRest(
  segments: readonly Segment[],
  headless: Headless | null,
  sequence: number,
): void {
  // A segment is used only once its header is durable.
  if (headless !== null && !areOlder(headless.file, SEGMENT_HEADER_BYTES, sequence)) {
    throw headerDamage(headless.path);
  }
  // As many as there can be: the tag of an older record must not be taken for a later one's.
  const bytes = segments.reduce((sum, { file }) => sum + file.bytes.length, 0);
  const wanted = { sequence, ahead: Math.floor(bytes / RECORD_HEADER_BYTES) };
  const last = segments.findLast((s) => s.last !== null) ?? segments[0];
  for (const segment of segments) {
    const later = scanForRecord(segment.file, segment.end, segment.salt, wanted);
    if (later === null || last === undefined) continue;
    throw new StorageError(
      `the record is damaged or missing, but a later one is at ` +
        describePlace(placeOf(segment, later.at, later.sequence)),
      placeOf(last, last.end, sequence),
    );
  }
}
