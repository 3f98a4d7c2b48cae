import { assert } from "../lib/assert.ts";
import { crc32 } from "../lib/crc32.ts";
import { asGroup, asIndex, asNode, asTerm, type GroupId } from "../lib/ids.ts";
import type { HardState } from "../raft/api.ts";
import { ENTRY_MEMBERSHIP, type EntryBatch, type EntryKind } from "../raft/types.ts";
import { ByteReader, ByteWriter, WireError } from "../wire/bytes.ts";
import type { LogMark } from "./log-storage.ts";

/**
 * A record: all that one group commit makes durable. Little-endian, at offsets divisible by 8:
 *
 *   offset  type  field
 *        0  u32   magic        "ORec"
 *        4  u32   header crc   crc32 of bytes 8 to 32, xor the segment's salt
 *        8  u32   length       of the whole record, a multiple of 8
 *       12  u32   body crc     crc32 of bytes 32 to `length`
 *       16  u53   sequence     1, 2, 3, … without gaps over all segments
 *       24  u32   zeroSectors  512-byte sectors of the file, wholly within the record, of zeros only
 *       28  u32   header end   no byte of it is 0
 *       32  …     items, then zeros up to the last byte
 * length-1  u8    record end   not 0
 *
 * Records go where the file was zero, and a sector of 512 bytes is written whole or not at all. So a
 * torn record shows: its header is missing at one end, its last byte is 0, or it has more sectors
 * of zeros than it says. A bad record without these signs was complete once, and then damaged: also
 * one with a sector of zeros too many, if one set bit in it makes the crc right.
 * (Not told from torn: a last record of which a sector was wiped; see docs/adr/0005.)
 * The salt differs by segment: bytes of a record that are found within a value are not taken for one.
 */
export const RECORD_HEADER_BYTES = 32;
const MAGIC = 0x6365_524f;
const HEADER_END = 0xa5a5_a5a5;
const RECORD_END = 0xa5;
const SECTOR_BYTES = 512;
const CRC32_POLYNOMIAL = 0xedb88320 | 0;

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

  /** Length of the record when sealed now. */
  get length(): number {
    return Math.ceil((this.#w.offset + 1) / 8) * 8;
  }

  /** Completes the record for its place in the file; the bytes are valid until `begin`. */
  seal(sequence: number, salt: number, position: number): Uint8Array {
    const w = this.#w;
    const length = this.length;
    while (w.offset < length - 1) w.u8(0);
    w.u8(RECORD_END);
    const bytes = w.written();
    const words = new Int32Array(bytes.buffer, 0, length / 4);
    w.offset = 0;
    w.u32(MAGIC);
    w.u32(0);
    w.u32(length);
    w.u32(crc32(bytes.subarray(RECORD_HEADER_BYTES)));
    w.u53(sequence);
    w.u32(zeroSectors(words, 0, length, position));
    w.u32(HEADER_END);
    w.patchU32(4, crc32(bytes.subarray(8, RECORD_HEADER_BYTES)) ^ salt);
    w.offset = length;
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
  | { readonly kind: "record"; readonly sequence: number; readonly end: number }
  /** Zeros where a header would be, or no room for one. */
  | { readonly kind: "none" }
  | { readonly kind: "bad"; readonly torn: boolean; readonly what: string };

const NONE: FoundRecord = { kind: "none" };
const bad = (torn: boolean, what: string): FoundRecord => ({ kind: "bad", torn, what });

/** Reads and checks the record at `at`, a multiple of 8. Does not look into its items. */
export function findRecord(file: SegmentBytes, at: number, salt: number): FoundRecord {
  const { bytes, view } = file;
  const headerEnd = at + RECORD_HEADER_BYTES;
  if (headerEnd > bytes.length) {
    return isZero(file, at, bytes.length) ? NONE : bad(true, "header runs beyond the file");
  }
  if (isZero(file, at, headerEnd)) return NONE;
  if (!headerIsValid(file, at, salt)) {
    return bad(bytes[at] === 0 || bytes[headerEnd - 1] === 0, "record header is damaged");
  }
  const end = at + view.getUint32(at + 8, true);
  if (end > bytes.length) return bad(true, "record runs beyond the file");
  if (crc32(bytes.subarray(headerEnd, end)) !== view.getUint32(at + 12, true)) {
    const torn = bytes[end - 1] === 0 || lacksSectors(file, at, end);
    return bad(torn, "record crc mismatch");
  }
  return { kind: "record", sequence: readU53(view, at + 16), end };
}

/** Offset and number of the first valid record from `from` on with at least number `sequence`. */
export function scanForRecord(
  file: SegmentBytes,
  from: number,
  salt: number,
  sequence: number,
): { readonly at: number; readonly sequence: number } | null {
  const { words } = file;
  const last = words.length - RECORD_HEADER_BYTES / 4;
  for (let word = from / 4; word <= last; word += 2) {
    if (words[word] !== MAGIC) continue;
    const found = findRecord(file, word * 4, salt);
    if (found.kind === "record" && found.sequence >= sequence) {
      return { at: word * 4, sequence: found.sequence };
    }
  }
  return null;
}

/** The end of the last byte in [from, to) that is not 0; `from` when all are. */
export function endOfData(file: SegmentBytes, from: number): number {
  const { bytes, words } = file;
  let end = bytes.length;
  while (end > words.length * 4 && end > from) if (bytes[--end] !== 0) return end + 1;
  let word = end >> 2;
  while (word * 4 > from && words[word - 1] === 0) word--;
  end = Math.max(word * 4, from);
  while (end > from && bytes[end - 1] === 0) end--;
  return end;
}

export type ItemSink = {
  hardState(group: GroupId, state: HardState): void;
  mark(group: GroupId, mark: LogMark): void;
  /** The bytes are a view of the segment. */
  batch(group: GroupId, batch: EntryBatch): void;
};

/** Reads the items of the valid record in [at, end). Throws WireError when they make no sense. */
export function readItems(file: SegmentBytes, at: number, end: number, sink: ItemSink): void {
  const reader = new ByteReader(file.bytes.subarray(at + RECORD_HEADER_BYTES, end - 1));
  while (reader.remaining > 0) {
    const kind = reader.u8("item kind");
    if (kind === 0) return; // The padding.
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

function headerIsValid(file: SegmentBytes, at: number, salt: number): boolean {
  const { bytes, view } = file;
  if (view.getUint32(at, true) !== MAGIC) return false;
  const crc = crc32(bytes.subarray(at + 8, at + RECORD_HEADER_BYTES)) ^ salt;
  if (view.getUint32(at + 4, true) !== crc >>> 0) return false;
  const length = view.getUint32(at + 8, true);
  return length > RECORD_HEADER_BYTES && length % 8 === 0;
}

/** Whether the record, of which the crc is wrong, was torn within. */
function lacksSectors(file: SegmentBytes, at: number, end: number): boolean {
  const { bytes, view, words } = file;
  const lacking = zeroSectors(words, at / 4, end - at, at) - view.getUint32(at + 24, true);
  if (lacking !== 1) return lacking > 0;
  const wrong =
    view.getUint32(at + 12, true) ^ crc32(bytes.subarray(at + RECORD_HEADER_BYTES, end));
  const bit = flippedBit(wrong, (end - at - RECORD_HEADER_BYTES) * 8);
  if (bit === null) return true;
  const sector = Math.floor((end - 1 - (bit >> 3)) / SECTOR_BYTES) * SECTOR_BYTES;
  return !isZero(file, Math.max(sector, at), Math.min(sector + SECTOR_BYTES, end));
}

/**
 * How many of `bits` bits follow the one that, set the other way, changes their crc32 by `xor`; null
 * when there is none. (A crc is linear: the change does not depend on the other bits.)
 */
function flippedBit(xor: number, bits: number): number | null {
  let change = CRC32_POLYNOMIAL;
  for (let following = 0; following < bits; following++) {
    if (change === xor) return following;
    change = change & 1 ? (change >>> 1) ^ CRC32_POLYNOMIAL : change >>> 1;
  }
  return null;
}

function isZero(file: SegmentBytes, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (file.bytes[i] !== 0) return false;
  return true;
}

function readU53(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true);
}

/**
 * Sectors of zeros wholly within the record that lies at `word` of `words` and, `length` bytes
 * long, at `position` of its file.
 */
function zeroSectors(words: Int32Array, word: number, length: number, position: number): number {
  const first = Math.ceil(position / SECTOR_BYTES) * SECTOR_BYTES;
  let count = 0;
  for (let at = first; at + SECTOR_BYTES <= position + length; at += SECTOR_BYTES) {
    const start = word + (at - position) / 4;
    let i = start;
    while (i < start + SECTOR_BYTES / 4 && words[i] === 0) i++;
    if (i === start + SECTOR_BYTES / 4) count++;
  }
  return count;
}
