import type { SegmentBytes } from "./record.ts";

/**
 * What a sector says of who wrote it. A disk writes a sector of 512 bytes whole or not at all, and segments
 * are used again without being zeroed: what a torn record lacks shows by the sectors that still belong
 * to an older one. So a record carries a tag, made of its sequence number:
 *
 * - at the start of each sector that it reaches into (a header begins with it, wherever it lies);
 * - in the last word of its first sector, if it goes on from there;
 * - in all words after its items that have nothing else to hold, the record's last word among them.
 *
 * What stood in the place of a tag among the items is in a table after them, which leaves out the words
 * that are at the start of a sector themselves. Sequence numbers are not used twice (what is there of a
 * torn record is wiped before its number is given to another one), so tags need no salt, and a sector
 * never used is all zeros.
 */
export const SECTOR_BYTES = 512;
/** A header, and the last word of its sector (in 8 bytes). */
const HEADER_ROOM_BYTES = 40;
const FACTOR = 0x9e37_79b1;
const INVERSE = inverseOf(FACTOR);

/** What x times `odd` turns back to x, modulo 2^32 (Newton: each step doubles the bits that are right). */
function inverseOf(odd: number): number {
  let x = odd;
  for (let step = 0; step < 5; step++) x = Math.imul(x, 2 - Math.imul(odd, x));
  return x;
}

/** The tag of a record: a signed word, another one for each of 2^32 sequence numbers. */
export const tagOf = (sequence: number): number => Math.imul(sequence, FACTOR);

/** How far the sequence number that a word is the tag of is beyond `sequence`, modulo 2^32. */
export const beyond = (word: number, sequence: number): number =>
  (Math.imul(word, INVERSE) - sequence) >>> 0;

const alignUp = (offset: number, to: number): number => Math.ceil(offset / to) * to;
const sectorOf = (offset: number): number => offset - (offset % SECTOR_BYTES);

/** The end of the sector in which bytes up to `end` are. */
export const sectorEnd = (end: number): number => alignUp(end, SECTOR_BYTES);

/** Where a record begins that may begin at `offset`, a multiple of 8: a header lies in one sector. */
export const recordStart = (offset: number): number =>
  offset % SECTOR_BYTES > SECTOR_BYTES - HEADER_ROOM_BYTES ? alignUp(offset, SECTOR_BYTES) : offset;

/** Where the record at `start` ends, of which the items end at `itemsEnd`. */
export function recordEnd(start: number, itemsEnd: number): number {
  const second = sectorOf(start) + SECTOR_BYTES;
  let at = alignUp(itemsEnd, 4);
  let moved = itemsEnd <= second - 4 ? 0 : 1 + Math.ceil((itemsEnd - second) / SECTOR_BYTES);
  while (moved > 0) {
    if (at % SECTOR_BYTES === 0) at += 4;
    const here = Math.min(moved, (SECTOR_BYTES - (at % SECTOR_BYTES)) / 4);
    at += 4 * here;
    moved -= here;
  }
  return alignUp(at + 4, 8);
}

/** Where in its file a record lies. */
export type RecordPlace = {
  readonly at: number;
  readonly itemsEnd: number;
  readonly end: number;
  readonly sequence: number;
};

/**
 * Gives a record its tags. `words` are those of its file from `offset` on, with the items in place and
 * room for the rest.
 */
export function tagSectors(words: Int32Array, offset: number, place: RecordPlace): void {
  const { at, itemsEnd, end, sequence } = place;
  const tag = tagOf(sequence);
  words[(at - offset) >> 2] = tag;
  words.fill(tag, (alignUp(itemsEnd, 4) - offset) >> 2, (end - offset) >> 2);
  swapTags(words, offset, at, itemsEnd);
}

/** Puts what the tags took the place of back among the items, or the tags back in their places. */
export function swapTags(words: Int32Array, offset: number, at: number, itemsEnd: number): void {
  const second = sectorOf(at) + SECTOR_BYTES;
  let table = alignUp(itemsEnd, 4);
  for (let tag = second - 4; tag < itemsEnd; tag = tag < second ? second : tag + SECTOR_BYTES) {
    if (table % SECTOR_BYTES === 0) table += 4;
    const from = (tag - offset) >> 2;
    const to = (table - offset) >> 2;
    const word = words[from]!;
    words[from] = words[to]!;
    words[to] = word;
    table += 4;
  }
}

/** Whether the sector that begins at `from` is as it was before record `sequence`: zeros, or an older one's. */
function isOlder({ words, bytes }: SegmentBytes, from: number, sequence: number): boolean {
  const word = words[from >> 2]!;
  if (word === 0) return isZero(bytes, from, Math.min(from + SECTOR_BYTES, bytes.length));
  const age = -beyond(word, sequence) >>> 0;
  return age > 0 && age < Math.min(sequence, 2 ** 31);
}

/** Whether no sector from `from` on, where one begins, is of record `sequence` or a later one. */
export function areOlder(file: SegmentBytes, from: number, sequence: number): boolean {
  for (let at = from; at < file.words.length * 4; at += SECTOR_BYTES) {
    if (!isOlder(file, at, sequence)) return false;
  }
  return true;
}

/** Whether a word is a tag of which a few bits have flipped: one in a million other words is, too. */
function isNearly(word: number, tag: number): boolean {
  let wrong = word ^ tag;
  for (let bits = 0; bits < 3; bits++) wrong &= wrong - 1;
  return wrong === 0 && word !== 0;
}

export function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] !== 0) return false;
  return true;
}

/**
 * Whether the record, whose items do not have the right crc, was torn: it lacks a sector, or everything from
 * some byte on. One that has all its sectors was complete once; a sector that is neither its own nor
 * an older one's is no torn write's.
 */
export function isTorn(file: SegmentBytes, { at, end, sequence }: RecordPlace): boolean {
  const { words } = file;
  if (words[(end - 4) >> 2] === 0) return true;
  const tag = tagOf(sequence);
  let lacks = false;
  for (let sector = sectorOf(at) + SECTOR_BYTES; sector < end; sector += SECTOR_BYTES) {
    if (words[sector >> 2] === tag) continue;
    if (!isOlder(file, sector, sequence)) return false;
    lacks = true;
  }
  return lacks;
}

/**
 * What is to be thought of the place where the header of record `sequence` would be, if there is no valid
 * one: "none": it never was; "torn": its sector ends within the header; "damaged": the rest of the
 * sector tells that it was there, or is no older record's.
 */
export function judgeHeader(
  file: SegmentBytes,
  header: { readonly at: number; readonly end: number; readonly hasFields: boolean },
  sequence: number,
): "none" | "torn" | "damaged" {
  const { words, bytes } = file;
  const { at, end, hasFields } = header;
  const tag = tagOf(sequence);
  const sectorEnd = Math.min(sectorOf(at) + SECTOR_BYTES, words.length * 4);
  let isThere = hasFields || isNearly(words[at >> 2]!, tag);
  for (let i = end >> 2; i < sectorEnd >> 2; i++) if (words[i] === tag) isThere = true;
  if (isThere) return isZero(bytes, end - 1, sectorEnd) ? "torn" : "damaged";
  if (at % SECTOR_BYTES !== 0 || isOlder(file, at, sequence)) return "none";
  return isZero(bytes, at + 4, sectorEnd) ? "torn" : "damaged";
}

/** The end of the last sector that has the tag of `sequence` at its start, after `from`; `from`: there is none. */
export function endOfSectors(
  { words, bytes }: SegmentBytes,
  from: number,
  sequence: number,
): number {
  const tag = tagOf(sequence);
  const first = alignUp(from, SECTOR_BYTES);
  let at = first + Math.floor((words.length * 4 - 4 - first) / SECTOR_BYTES) * SECTOR_BYTES;
  for (; at >= from; at -= SECTOR_BYTES) {
    if (words[at >> 2] === tag) return Math.min(at + SECTOR_BYTES, bytes.length);
  }
  return from;
}

/** A place after `from` with a tag of record `sequence` or one up to `ahead` later. Offsets and tags only. */
export function* taggedFrom(
  { words }: SegmentBytes,
  from: number,
  sequence: number,
  ahead: number,
): Generator<{ readonly at: number; readonly sequence: number }> {
  const end = words.length * 4;
  const isAt = (at: number): number => beyond(words[at >> 2]!, sequence);
  // Where the sectors of older records begin, there is nothing of a later one: it would have the whole sector.
  let isOwn = true;
  for (let at = from; at < end;) {
    if (at % SECTOR_BYTES === 0) isOwn = isAt(at) <= ahead;
    if (isOwn && isAt(at) <= ahead) yield { at, sequence: sequence + isAt(at) };
    at = isOwn ? at + 8 : alignUp(at + 1, SECTOR_BYTES);
  }
}
