import { crc32 } from "../../lib/crc32.ts";
import { asGroup, asNode, asTerm, GROUP_1 } from "../../lib/ids.ts";
import { UserError } from "../../lib/user-error.ts";
import { inspectWal } from "../../storage/inspect.ts";
import { MemoryDisk } from "../../storage/memory-disk.ts";
import {
  encodeSegmentHeader,
  SEGMENT_HEADER_BYTES,
  segmentName,
  segmentSalt,
} from "../../storage/segment.ts";
import { StorageError } from "../../storage/storage-error.ts";
import { openWal } from "../../storage/wal.ts";
import { expect, type FuzzTarget, outcomeOf } from "../target.ts";
import { writtenFiles } from "./node-disk.ts";

const DIR = "/node/wal";
const IDENTITY = { clusterId: "cluster-a", nodeId: asNode(1) };
/** Where the fields of a record's header are that its crcs are over (storage/record.ts). */
const [HEADER_CRC, LENGTH, ITEMS_CRC, ITEMS_BYTES, MAGIC_AT, RECORD_HEADER_BYTES] = [
  4, 8, 12, 24, 28, 32,
];
const MAGIC = 0x6365_524f;

function samples(): Uint8Array[] {
  const first = [4, 9].flatMap((steps) => {
    const files = [...writtenFiles(steps)].filter(([path]) => path.startsWith(DIR)).sort();
    return files.slice(0, 1).map(([, bytes]) => bytes);
  });
  const { files } = emptyLog();
  return [...first, ...files.values()];
}

function emptyLog(): MemoryDisk {
  const disk = new MemoryDisk();
  const { wal } = open(disk);
  wal.append(
    GROUP_1,
    {
      writeSeq: 1,
      hardState: { term: asTerm(3), votedFor: asNode(2) },
      snapshot: null,
      batches: [],
    },
    () => {},
  );
  wal.append(asGroup(9), { writeSeq: 2, hardState: null, snapshot: null, batches: [] }, () => {});
  wal.commit();
  disk.settle();
  return disk;
}

const open = (disk: MemoryDisk) =>
  openWal({
    ...{ port: disk, dir: DIR, identity: IDENTITY, now: () => 0 },
    segmentSizes: { first: 2048, max: 2048 },
    onFatal: (error) => {
      throw error;
    },
  });

const HEADER = encodeSegmentHeader(1, IDENTITY);

/** The checksums of the header of the segment and of each record whose magic is in its place. */
function repair(input: Uint8Array): Uint8Array {
  const out = input.slice();
  if (out.length < SEGMENT_HEADER_BYTES) return out;
  // Mostly with a header that is this node's: few records are read behind any other.
  if (crc32(input) % 8 !== 0) out.set(HEADER);
  const view = new DataView(out.buffer);
  view.setUint32(4, crc32(out.subarray(8, SEGMENT_HEADER_BYTES)), true);
  const salt = segmentSalt(out);
  for (let at = SEGMENT_HEADER_BYTES; at + RECORD_HEADER_BYTES <= out.length; at += 8) {
    if (view.getUint32(at + MAGIC_AT, true) !== MAGIC) continue;
    const itemsAt = at + RECORD_HEADER_BYTES;
    const end = Math.min(
      out.length,
      at + view.getUint32(at + LENGTH, true),
      itemsAt + view.getUint32(at + ITEMS_BYTES, true),
    );
    // Right as long as no tag stands among the items: of a record within one sector.
    view.setUint32(at + ITEMS_CRC, crc32(out.subarray(itemsAt, Math.max(itemsAt, end))), true);
    view.setUint32(at + HEADER_CRC, crc32(out.subarray(at + LENGTH, itemsAt)) ^ salt, true);
  }
  return out;
}

/** A segment, as the first of a log: opened as a node does, and looked at as `ordeal wal` does. */
export const wal: FuzzTarget = {
  name: "wal",
  samples: samples(),
  repair,
  allocatesMax: (bytes) => (4 << 20) + 64 * bytes,
  run(input) {
    const files = new Map([[`${DIR}/${segmentName(1)}`, input]]);
    inspectWal(new MemoryDisk(files), DIR, { from: 1, to: 100 });
    const disk = new MemoryDisk(files);
    return outcomeOf(() => {
      const { groups, report } = open(disk);
      disk.settle();
      const again = open(new MemoryDisk(disk.files));
      expect(
        again.report.records === report.records,
        `${report.records} records, and ${again.report.records} when opened again`,
      );
      expect(again.report.tornBytes === 0, "a torn record is there again after it was cut");
      return `${groups.size} groups, ${report.records} records${report.tornBytes > 0 ? ", torn" : ""}`;
    }, [StorageError, UserError]);
  },
};
