import { assert } from "../lib/assert.ts";
import type { GroupId, LogIndex } from "../lib/ids.ts";
import type { FileHandle, FilePort } from "./file-port.ts";
import type { SegmentSizes, StorageIdentity } from "./log-storage.ts";
import type { LogEnd } from "./recovery.ts";
import type { Spare } from "./spares.ts";
import { encodeSegmentHeader, SEGMENT_HEADER_BYTES, segmentName, segmentSalt } from "./segment.ts";

/** A segment that is open for writing; records go to `offset`. */
export type OpenSegment = {
  readonly number: number;
  readonly file: FileHandle;
  readonly salt: number;
  readonly fileBytes: number;
  /** The highest index of each group that it holds. */
  readonly lastIndexes: Map<GroupId, LogIndex>;
  offset: number;
};

/**
 * All blocks of a new segment are written with zeros before use, which takes 2.5 ms per MiB: the first
 * one is small so that an empty node starts at once, and each next one is four times as large, made
 * while the one before it fills. Later on there are spares (spares.ts): the sooner the smaller the largest
 * ones are. With a snapshot every 64 MiB, 144 to 176 MiB are written with zeros in all; of 64 MiB each, 208.
 */
export const SEGMENT_SIZES: SegmentSizes = { first: 4 << 20, max: 32 << 20 };
const GROWTH = 4;
const ZEROS = new Uint8Array(1 << 20);

/** Makes the first segment of an empty directory, durably, before it returns. */
export function createFirstSegment(
  port: FilePort,
  dir: string,
  identity: StorageIdentity,
  fileBytes: number,
): OpenSegment {
  const header = encodeSegmentHeader(1, identity);
  const file = port.create(`${dir}/${segmentName(1)}`);
  for (let at = 0; at < fileBytes; at += ZEROS.length) {
    port.write(file, ZEROS, 0, Math.min(ZEROS.length, fileBytes - at), at);
  }
  port.write(file, header, 0, header.length, 0);
  port.syncNow(file);
  port.syncDirNow(dir);
  return opened(1, file, header, fileBytes);
}

/** The size of the segment that follows `last`. */
export function nextSegmentBytes(last: OpenSegment, sizes: SegmentSizes): number {
  return Math.max(sizes.first, Math.min(sizes.max, last.fileBytes * GROWTH));
}

/** Opens the segment in which recovery found the end of the log. */
export function openLastSegment(port: FilePort, end: LogEnd): OpenSegment {
  const { number, salt, fileBytes, offset, lastIndexes } = end;
  return { number, file: port.open(end.path), salt, fileBytes, lastIndexes, offset };
}

type Prepared = (error: Error | null, segment: OpenSegment | null) => void;

/** Makes a further segment away from the event loop; `done` gets it when all is durable. */
export function makeSegment(
  port: FilePort,
  dir: string,
  identity: StorageIdentity,
  number: number,
  fileBytes: number,
  done: Prepared,
): void {
  const header = encodeSegmentHeader(number, identity);
  const file = port.create(`${dir}/${segmentName(number)}`);
  port.write(file, header, 0, header.length, 0);
  port.zero(file, header.length, fileBytes, (zeroError) => {
    if (zeroError !== null) return done(zeroError, null);
    port.syncDir(dir, (dirError) => {
      if (dirError !== null) return done(dirError, null);
      done(null, opened(number, file, header, fileBytes));
    });
  });
}

/**
 * Makes a spare the further segment, away from the event loop. It gets its name once its header is
 * durable: a segment with the header of another one would count as damage. It stays a spare if it is not
 * wanted any more by then: the directory may be another process's.
 */
export function reuseSegment(
  port: FilePort,
  dir: string,
  identity: StorageIdentity,
  number: number,
  spare: Spare,
  isWanted: () => boolean,
  done: Prepared,
): void {
  const { path, file, fileBytes } = spare;
  const header = encodeSegmentHeader(number, identity);
  port.write(file, header, 0, header.length, 0);
  port.sync(file, (syncError) => {
    if (syncError !== null) return done(syncError, null);
    if (!isWanted()) return done(null, opened(number, file, header, fileBytes));
    try {
      port.rename(path, `${dir}/${segmentName(number)}`);
    } catch (error) {
      return done(error as Error, null);
    }
    port.syncDir(dir, (dirError) => {
      if (dirError !== null) return done(dirError, null);
      done(null, opened(number, file, header, fileBytes));
    });
  });
}

function opened(
  number: number,
  file: FileHandle,
  header: Uint8Array,
  fileBytes: number,
): OpenSegment {
  assert(header.length === SEGMENT_HEADER_BYTES, "a segment header fills its sector");
  const lastIndexes = new Map<GroupId, LogIndex>();
  const salt = segmentSalt(header);
  return { number, file, salt, fileBytes, lastIndexes, offset: SEGMENT_HEADER_BYTES };
}
