import { assert } from "../lib/assert.ts";
import { crc32 } from "../lib/crc32.ts";
import { asGroup, asIndex, asNode, asTerm, type GroupId } from "../lib/ids.ts";
import type { HardState } from "../raft/api.ts";
import { ENTRY_MEMBERSHIP, type EntryBatch, type EntryKind } from "../raft/types.ts";
import { ByteReader, ByteWriter, WireError } from "../wire/bytes.ts";
import type { LogMark } from "./log-storage.ts";
import {
  isTorn,
  judgeHeader,
  recordEnd,
  type RecordPlace,
  recordStart,
  SECTOR_BYTES,
  swapTags,
  tagSectors,
  taggedFrom,
} from "./sectors.ts";

/**
 * A record: all that one group commit makes durable. Little-endian, at offsets divisible by 8, the
 * header within one sector (sectors.ts, recordStart):
 *
 *   offset  type  field
 *        0  u32   tag          of the record (sectors.ts)
 *        4  u32   header crc   crc32 of bytes 8 to 32, xor the segment's salt
 *        8  u32   length       of the whole record, a multiple of 8
 *       12  u32   items crc    crc32 of the items
 *       16  u53   sequence     1, 2, 3, … without gaps over all segments
 *       24  u32   items bytes
 *       28  u32   magic        "ORec"
 *       32  …     items, with tags in place of some words, then zeros up to a multiple of 4
 *        …  …     the words that were in the place of the tags, then tags to the end
 *
 * The file need not be zeros where records go. The tags tell a record that was torn from one that was
 * complete once and then damaged; what they cannot tell, docs/adr/0005 lists. The items crc does not cover
 * the tags: a record of which only they are damaged is sound.
 * The salt differs by segment: bytes of a record that are found within a value are not taken for one.
 */
export const RECORD_HEADER_BYTES = 32;
const MAGIC = 0x6365_524f;

/** u8 kind · u32 group · u53 term · u32 votedFor */
const ITEM_HARD_STATE = 1;
/** u8 kind · u32 group · u53 firstIndex · u53 term · u8 entryKind · u32 count · u32 length · bytes */
const ITEM_BATCH = 2;
/** u8 kind · u32 group · u53 lastIndex · u53 lastTerm: the log begins after a snapshot up to there */
const ITEM_MARK = 3;

const BUFFER_BYTES = 256 << 10;
const BUFFER_BYTES_KEPT = 8 << 20;

/** Builds one record after the other in one buffer. */
export class RecordWriter {
  #w = new ByteWriter(BUFFER_BYTES);

  begin(): void {
    // One huge record must not hold its memory for ever.
    if (this.#w.offset > BUFFER_BYTES_KEPT) this.#w = new ByteWriter(BUFFER_BYTES);
    this.#w.offset = 0;
    this.#w.reserve(RECORD_HEADER_BYTES);
    this.#w.offset = RECORD_HEADER_BYTES;
  }

  hardState(group: GroupId, state: HardState): void {
    this.#w.u8(ITEM_HARD_STATE);
    this.#w.u32(group);
    this.#w.u53(state.term);
    this.#w.u32(state.votedFor);
  }

  batch(group: GroupId, batch: EntryBatch): void {
    this.#w.u8(ITEM_BATCH);
    this.#w.u32(group);
    this.#w.u53(batch.firstIndex);
    this.#w.u53(batch.term);
    this.#w.u8(batch.kind);
    this.#w.u32(batch.count);
    this.#w.u32(batch.bytes.length);
    this.#w.bytes(batch.bytes);
  }

  mark(group: GroupId, mark: LogMark): void {
    this.#w.u8(ITEM_MARK);
    this.#w.u32(group);
    this.#w.u53(mark.lastIndex);
    this.#w.u53(mark.lastTerm);
  }

  /** Bytes so far, without those of tags. */
  get length(): number {
    return this.#w.offset;
  }

  /** Where the record ends if it is sealed now, for the first place from `offset` on. */
  endFrom(offset: number): number {
    const position = recordStart(offset);
    return recordEnd(position, position + this.#w.offset);
  }

  /** Completes the record for its place in the file, a recordStart; the bytes are valid until `begin`. */
  seal(sequence: number, salt: number, position: number): Uint8Array {
    const w = this.#w;
    const itemsBytes = w.offset - RECORD_HEADER_BYTES;
    const itemsCrc = crc32(w.written(RECORD_HEADER_BYTES));
    const itemsEnd = position + w.offset;
    while (w.offset % 4 !== 0) w.u8(0);
    const end = recordEnd(position, itemsEnd);
    w.take(end - position - w.offset);
    const bytes = w.written();
    w.offset = 4;
    w.u32(0);
    w.u32(bytes.length);
    w.u32(itemsCrc);
    w.u53(sequence);
    w.u32(itemsBytes);
    w.u32(MAGIC);
    w.patchU32(4, crc32(bytes.subarray(8, RECORD_HEADER_BYTES)) ^ salt);
    w.offset = bytes.length;
    const words = new Int32Array(bytes.buffer, 0, bytes.length >> 2);
    tagSectors(words, position, { at: position, itemsEnd, end, sequence });
    return bytes;
  }
}

/** The bytes of one segment file, from its start. Its buffer begins with it (byteOffset 0). */
export type SegmentBytes = {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly words: Int32Array<ArrayBufferLike>;
};

export function segmentBytes(bytes: Uint8Array): SegmentBytes {
  assert(bytes.byteOffset === 0, "a file is read into a buffer of its own");
  const words = new Int32Array(bytes.buffer, 0, bytes.length >> 2);
  return { bytes, view: new DataView(bytes.buffer, 0, bytes.length), words };
}

export type FoundRecord =
  | ({ readonly kind: "record" } & RecordPlace)
  /** Nothing of the record that is expected, or no room for it. */
  | { readonly kind: "none" }
  | { readonly kind: "bad"; readonly torn: boolean; readonly what: string; readonly end: number };

const NONE: FoundRecord = { kind: "none" };

/**
 * Checks the record that begins at `from`, or in the next sector if no header fits there, and puts its items
 * together, for `readItems`. `expected` is its sequence number; null: not known, then nothing is
 * "bad" but a record with a valid header.
 */
export function findRecord(
  file: SegmentBytes,
  from: number,
  salt: number,
  expected: number | null,
): FoundRecord {
  const { bytes, view, words } = file;
  const at = recordStart(from);
  const headerEnd = at + RECORD_HEADER_BYTES;
  if (headerEnd > words.length * 4) return NONE;
  const sequence = readU53(view, at + 16);
  if (!headerIsValid(file, at, salt)) {
    if (expected === null) return NONE;
    const hasFields = view.getUint32(at + 28, true) === MAGIC && sequence === expected;
    const verdict = judgeHeader(file, { at, end: headerEnd, hasFields }, expected);
    if (verdict === "none") return NONE;
    const torn = verdict === "torn";
    return { kind: "bad", torn, what: "record header is damaged", end: headerEnd };
  }
  const end = at + view.getUint32(at + 8, true);
  if (end > bytes.length)
    return { kind: "bad", torn: true, what: "record runs beyond the file", end: bytes.length };
  const place = { at, itemsEnd: headerEnd + view.getUint32(at + 24, true), end, sequence };
  swapTags(words, 0, at, place.itemsEnd);
  if (crc32(bytes.subarray(headerEnd, place.itemsEnd)) === view.getUint32(at + 12, true)) {
    return { kind: "record", ...place };
  }
  swapTags(words, 0, at, place.itemsEnd);
  const torn = (expected ?? sequence) === sequence && isTorn(file, place);
  return { kind: "bad", torn, what: "record crc mismatch", end };
}

/** A sound record that `findRecord` has put together, as it is in the file. */
export function sealedCopy({ bytes }: SegmentBytes, place: RecordPlace): Uint8Array {
  const copy = bytes.slice(place.at, place.end);
  tagSectors(new Int32Array(copy.buffer), place.at, place);
  return copy;
}

/**
 * The first sign, from `from` on, that record `sequence` or one up to `ahead` after it was written: a sound
 * record, or a sector of a later one.
 */
export function scanForRecord(
  file: SegmentBytes,
  from: number,
  salt: number,
  { sequence, ahead }: { readonly sequence: number; readonly ahead: number },
): { readonly at: number; readonly sequence: number } | null {
  for (const place of taggedFrom(file, from, sequence, ahead)) {
    if (place.at % SECTOR_BYTES === 0 && place.sequence > sequence) return place;
    if (recordStart(place.at) !== place.at) continue;
    const found = findRecord(file, place.at, salt, null);
    if (found.kind === "record" && found.sequence >= sequence) return place;
  }
  return null;
}

export type ItemSink = {
  hardState(group: GroupId, state: HardState): void;
  mark(group: GroupId, mark: LogMark): void;
  /** The bytes are a view of the segment. */
  batch(group: GroupId, batch: EntryBatch): void;
};

/** Reads the items of a record that `findRecord` found. Throws WireError when they make no sense. */
export function readItems(
  { bytes }: SegmentBytes,
  { at, itemsEnd }: RecordPlace,
  sink: ItemSink,
): void {
  const reader = new ByteReader(bytes.subarray(at + RECORD_HEADER_BYTES, itemsEnd));
  while (reader.remaining > 0) {
    const kind = reader.u8("item kind");
    const group = asGroup(reader.u32("group"));
    if (kind === ITEM_HARD_STATE) {
      const term = asTerm(reader.u53("term"));
      sink.hardState(group, { term, votedFor: asNode(reader.u32("votedFor")) });
    } else if (kind === ITEM_MARK) {
      const lastIndex = asIndex(reader.u53("lastIndex"));
      sink.mark(group, { lastIndex, lastTerm: asTerm(reader.u53("lastTerm")) });
    } else if (kind === ITEM_BATCH) {
      sink.batch(group, readBatch(reader));
    } else {
      throw new WireError(`item kind ${kind} is not known`);
    }
  }
}

function readBatch(reader: ByteReader): EntryBatch {
  const firstIndex = asIndex(reader.u53("firstIndex"));
  const term = asTerm(reader.u53("term"));
  const kind = reader.u8("entry kind");
  const count = reader.u32("count");
  const bytes = reader.bytes(reader.u32("length"), "bytes");
  if (kind > ENTRY_MEMBERSHIP) throw new WireError(`entry kind ${kind} is not known`);
  if (firstIndex === 0 || count === 0) throw new WireError("a batch without entries");
  return { firstIndex, term, kind: kind as EntryKind, count, bytes };
}

function headerIsValid({ bytes, view }: SegmentBytes, at: number, salt: number): boolean {
  if (view.getUint32(at + 28, true) !== MAGIC) return false;
  const itemsAt = at + RECORD_HEADER_BYTES;
  const crc = crc32(bytes.subarray(at + 8, itemsAt)) ^ salt;
  if (view.getUint32(at + 4, true) !== crc >>> 0) return false;
  return (
    recordEnd(at, itemsAt + view.getUint32(at + 24, true)) === at + view.getUint32(at + 8, true)
  );
}

function readU53(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true);
}
