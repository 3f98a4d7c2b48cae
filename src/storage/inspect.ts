import type { GroupId } from "../lib/ids.ts";
import { lastIndexOf } from "../raft/batch.ts";
import { WireError } from "../wire/bytes.ts";
import type { FilePort } from "./file-port.ts";
import type { StorageIdentity } from "./log-storage.ts";
import { findRecord, readItems, type SegmentBytes, segmentBytes } from "./record.ts";
import type { RecordPlace } from "./sectors.ts";
import {
  decodeSegmentHeader,
  isSpare,
  SEGMENT_HEADER_BYTES,
  segmentName,
  segmentNumber,
} from "./segment.ts";

/** What it takes to look at a node's data; none of it changes anything. */
export type ReadPort = Pick<FilePort, "list" | "read" | "open" | "readAt" | "close">;

/** One item of a record, as plain data. */
export type ItemInfo =
  | {
      readonly kind: "hardState";
      readonly group: number;
      readonly term: number;
      readonly votedFor: number;
    }
  | {
      readonly kind: "mark";
      readonly group: number;
      readonly lastIndex: number;
      readonly lastTerm: number;
    }
  | {
      readonly kind: "entries";
      readonly group: number;
      readonly term: number;
      readonly firstIndex: number;
      readonly lastIndex: number;
      readonly bytes: number;
    };

export type RecordInfo = {
  readonly sequence: number;
  readonly segment: number;
  readonly offset: number;
  readonly bytes: number;
  readonly items: readonly ItemInfo[];
};

/** The lowest and highest index of a group's entries in a segment. */
export type IndexRange = { readonly group: number; readonly first: number; readonly last: number };

export type SegmentInfo = {
  readonly file: string;
  readonly number: number;
  readonly bytes: number;
  /** Up to the end of the last sound record. */
  readonly usedBytes: number;
  /** Null: the header is not whole, because the segment was never finished or is damaged. */
  readonly header: {
    readonly version: number;
    readonly clusterId: string;
    readonly nodeId: number;
    /** In hexadecimal: the checksum of the header, which its records are salted with. */
    readonly salt: string;
  } | null;
  readonly records: number;
  /** Sequence numbers; null without records. */
  readonly first: number | null;
  readonly last: number | null;
  readonly ranges: readonly IndexRange[];
  /** What was found where the next record would be, other than what the file held before; null: nothing. */
  readonly stop: string | null;
};

export type WalInfo = {
  readonly segments: readonly SegmentInfo[];
  /** Files of segments that the log needs no more, kept to be used again. */
  readonly spares: readonly string[];
  /** The newest of each group. */
  readonly hardStates: readonly (ItemInfo & { readonly kind: "hardState" })[];
  readonly marks: readonly (ItemInfo & { readonly kind: "mark" })[];
  readonly records: readonly RecordInfo[];
};

/** Which records to list, by sequence number. */
export type RecordsWanted = { readonly from: number; readonly to: number };

/**
 * What the segments in `dir` hold, whatever state they are in: each is read by itself, up to its first
 * record that is not sound. Whether a node would start from it, `verifyNode` says.
 */
export function inspectWal(port: ReadPort, dir: string, wanted: RecordsWanted | null): WalInfo {
  const hardStates = new Map<number, ItemInfo & { kind: "hardState" }>();
  const marks = new Map<number, ItemInfo & { kind: "mark" }>();
  const records: RecordInfo[] = [];
  let expected: number | null = null;
  const segments = segmentNumbers(port, dir).map((number) =>
    inspectSegment(port, dir, number, expected, (record) => {
      expected = record.sequence + 1;
      for (const item of record.items) {
        if (item.kind === "hardState") hardStates.set(item.group, item);
        else if (item.kind === "mark") marks.set(item.group, item);
      }
      const { sequence } = record;
      if (wanted !== null && sequence >= wanted.from && sequence <= wanted.to) records.push(record);
    }),
  );
  return {
    segments,
    spares: port.list(dir).filter(isSpare).sort(),
    hardStates: [...hardStates.values()],
    marks: [...marks.values()],
    records,
  };
}

/** Whose log it is, by its first header that is whole; null: there is none. */
export function ownerOf(port: ReadPort, dir: string): StorageIdentity | null {
  for (const number of segmentNumbers(port, dir)) {
    const header = readHeader(port, `${dir}/${segmentName(number)}`);
    if (header !== null) return header.identity;
  }
  return null;
}

export const segmentNumbers = (port: ReadPort, dir: string): number[] =>
  port
    .list(dir)
    .map(segmentNumber)
    .filter((number) => number !== null)
    .sort((a, b) => a - b);

function readHeader(port: ReadPort, path: string) {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  const file = port.open(path);
  try {
    return decodeSegmentHeader(bytes.subarray(0, port.readAt(file, bytes, 0)));
  } finally {
    port.close(file);
  }
}

function inspectSegment(
  port: ReadPort,
  dir: string,
  number: number,
  firstExpected: number | null,
  onRecord: (record: RecordInfo) => void,
): SegmentInfo {
  const name = segmentName(number);
  const bytes = port.read(`${dir}/${name}`);
  const header = decodeSegmentHeader(bytes);
  const base = { file: name, number, bytes: bytes.length };
  const none = { usedBytes: 0, header: null, records: 0, first: null, last: null, ranges: [] };
  if (header === null) return { ...base, ...none, stop: "no whole header" };
  const file = segmentBytes(bytes);
  const ranges = new Map<number, IndexRange>();
  const sequences: number[] = [];
  let at = SEGMENT_HEADER_BYTES;
  let expected = firstExpected;
  let stop: string | null = null;
  for (;;) {
    const found = findRecord(file, at, header.salt, expected);
    if (found.kind === "bad") {
      stop = `offset ${at}: ${found.what}, ${found.torn ? "torn" : "damaged"}`;
      break;
    }
    if (found.kind === "none") break;
    try {
      const items = itemsOf(file, found);
      for (const item of items) if (item.kind === "entries") widen(ranges, item);
      onRecord({
        sequence: found.sequence,
        segment: number,
        offset: found.at,
        bytes: found.end - found.at,
        items,
      });
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      stop = `offset ${at}: ${error.message}`;
      break;
    }
    sequences.push(found.sequence);
    expected = found.sequence + 1;
    at = found.end;
  }
  const { version, identity, salt } = header;
  return {
    ...base,
    usedBytes: at,
    header: { version, ...identity, salt: salt.toString(16).padStart(8, "0") },
    records: sequences.length,
    first: sequences[0] ?? null,
    last: sequences.at(-1) ?? null,
    ranges: [...ranges.values()],
    stop,
  };
}

function itemsOf(file: SegmentBytes, place: RecordPlace): ItemInfo[] {
  const items: ItemInfo[] = [];
  readItems(file, place, {
    hardState: (group: GroupId, { term, votedFor }) =>
      items.push({ kind: "hardState", group, term, votedFor }),
    mark: (group, { lastIndex, lastTerm }) =>
      items.push({ kind: "mark", group, lastIndex, lastTerm }),
    batch: (group, batch) => {
      const { term, firstIndex, bytes } = batch;
      const lastIndex = lastIndexOf(batch);
      items.push({ kind: "entries", group, term, firstIndex, lastIndex, bytes: bytes.length });
    },
  });
  return items;
}

function widen(ranges: Map<number, IndexRange>, item: ItemInfo & { kind: "entries" }): void {
  const { group, firstIndex, lastIndex } = item;
  const { first = firstIndex, last = lastIndex } = ranges.get(group) ?? {};
  ranges.set(group, { group, first: Math.min(first, firstIndex), last: Math.max(last, lastIndex) });
}
