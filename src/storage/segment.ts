import { assert } from "../lib/assert.ts";
import { crc32 } from "../lib/crc32.ts";
import { asNode } from "../lib/ids.ts";
import { UserError } from "../lib/user-error.ts";
import { ByteReader, ByteWriter, WireError } from "../wire/bytes.ts";
import type { StorageIdentity } from "./log-storage.ts";

/**
 * The header of a segment, one sector, followed by records, and then by what the file held before: zeros, or
 * a part of the log that went (spares.ts).
 *
 *   offset  type  field
 *        0  u32   magic           "OWal"
 *        4  u32   crc32           of bytes 8 to 512; also the salt of the segment's records
 *        8  u32   format version  now 2
 *       12  u53   number          1, 2, 3, … without gaps
 *       20  u32   node id
 *       24  u16   length of the cluster id, then the cluster id in UTF-8, then zeros
 */
export const SEGMENT_HEADER_BYTES = 512;
const MAGIC = 0x6c61_574f;
const FORMAT_VERSION = 2;
const CLUSTER_ID_BYTES_MAX = SEGMENT_HEADER_BYTES - 26;

export type SegmentHeader = {
  readonly version: number;
  readonly number: number;
  readonly identity: StorageIdentity;
  readonly salt: number;
};

const NAME = /^wal-(\d{8,16})\.seg$/;
const SPARE_PATH = /(^|\/)wal-\d{8,16}\.spare$/;

export const segmentName = (number: number): string => `wal-${String(number).padStart(8, "0")}.seg`;

/** What a segment of this path is called once the log does not need it any more. */
export const spareName = (path: string): string => path.replace(/\.seg$/, ".spare");

export const isSpare = (path: string): boolean => SPARE_PATH.test(path);

/** The number in a segment's file name; null for other files. */
export function segmentNumber(name: string): number | null {
  const match = NAME.exec(name);
  return match === null ? null : Number(match[1]);
}

export function encodeSegmentHeader(number: number, identity: StorageIdentity): Uint8Array {
  const clusterId = new TextEncoder().encode(identity.clusterId);
  assert(clusterId.length <= CLUSTER_ID_BYTES_MAX, "the config limits the cluster id");
  const w = new ByteWriter(SEGMENT_HEADER_BYTES);
  w.u32(MAGIC);
  w.u32(0);
  w.u32(FORMAT_VERSION);
  w.u53(number);
  w.u32(identity.nodeId);
  w.u16(clusterId.length);
  w.bytes(clusterId);
  w.bytes(new Uint8Array(SEGMENT_HEADER_BYTES - w.offset));
  w.patchU32(4, crc32(w.written(8)));
  return w.written();
}

/** The salt of the records of a segment with this header. */
export function segmentSalt(header: Uint8Array): number {
  return new DataView(header.buffer, header.byteOffset).getUint32(4, true);
}

/** Null when this is no intact header. Does not check version, number or identity. */
export function decodeSegmentHeader(file: Uint8Array): SegmentHeader | null {
  if (file.length < SEGMENT_HEADER_BYTES) return null;
  const reader = new ByteReader(file.subarray(0, SEGMENT_HEADER_BYTES));
  if (reader.u32("magic") !== MAGIC) return null;
  const salt = reader.u32("crc");
  if (salt !== crc32(file.subarray(8, SEGMENT_HEADER_BYTES))) return null;
  try {
    const version = reader.u32("version");
    const number = reader.u53("number");
    const nodeId = asNode(reader.u32("node id"));
    const clusterId = new TextDecoder().decode(reader.bytes(reader.u16("length"), "cluster id"));
    return { version, number, salt, identity: { clusterId, nodeId } };
  } catch (error) {
    // The crc is right, and yet this is no header that was ever written.
    if (error instanceof WireError) return null;
    throw error;
  }
}

/** Refuses a segment of another cluster, another node or another format. */
export function checkSegmentOwner(
  where: string,
  header: SegmentHeader,
  own: StorageIdentity,
): void {
  const subject = "cannot use the data directory";
  if (header.version !== FORMAT_VERSION) {
    const what = `written in format ${header.version}; this program knows format ${FORMAT_VERSION}`;
    throw new UserError(subject, [{ where, what, fix: "use the program that wrote it" }]);
  }
  const { clusterId, nodeId } = header.identity;
  if (clusterId === own.clusterId && nodeId === own.nodeId) return;
  throw new UserError(subject, [
    {
      where,
      what:
        `it belongs to node ${nodeId} of cluster ${JSON.stringify(clusterId)}, ` +
        `not to node ${own.nodeId} of cluster ${JSON.stringify(own.clusterId)}`,
      fix: "start with the config this data was made with, or with another data directory",
    },
  ]);
}
