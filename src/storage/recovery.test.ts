import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { asGroup, asNode, GROUP_1 } from "../lib/ids.ts";
import { UserError } from "../lib/user-error.ts";
import type { LogWrite, StorageIdentity } from "./log-storage.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { recordStart } from "./sectors.ts";
import { encodeSegmentHeader, SEGMENT_HEADER_BYTES } from "./segment.ts";
import { StorageError } from "./storage-error.ts";
import {
  batchOf,
  DIR,
  IDENTITY,
  openOn,
  stateOf,
  voteOf,
  writeLog,
  writeOf,
  type WrittenLog,
} from "./test-log.ts";

/** A second each of pure computing; the machine may have other things to do. */
setDefaultTimeout(60_000);

const SEGMENT_BYTES = 2048;

/** Three segments: votes, batches of several sectors, values of zeros, an overwritten tail. */
const WRITES: readonly LogWrite[] = [
  voteOf(1, 1, 2),
  writeOf(2, batchOf(1, 1, 4, 20, 7)),
  writeOf(3, batchOf(5, 1, 1, 1100, 0)),
  { ...voteOf(4, 2, 3), batches: [batchOf(6, 2, 2, 30, 9), batchOf(8, 2, 3, 25, 11)] },
  writeOf(5, batchOf(7, 3, 1, 700, 13)),
  writeOf(6, batchOf(8, 3, 1, 60, 0), batchOf(9, 3, 1, 0, 0)),
  voteOf(7, 4, 1),
  writeOf(8, batchOf(10, 4, 2, 600, 17)),
];
const LOG = writeLog(WRITES);
const PATHS = [...LOG.files.keys()].sort();

/** How many records end within the first `segments` whole segments and `offset` bytes of the next. */
function recordsWithin(log: WrittenLog, segments: number, offset: number): number {
  return log.ends.filter((end) => {
    const segment = PATHS.indexOf(end.path);
    return segment < segments || (segment === segments && end.offset <= offset);
  }).length;
}

/** Opens a copy of the files; the copy is returned for what was done to it. */
function reopen(files: ReadonlyMap<string, Uint8Array>): {
  state: string;
  disk: MemoryDisk;
  tornBytes: number;
} {
  const disk = new MemoryDisk(files);
  const opened = openOn(disk);
  opened.wal.close();
  return { state: stateOf(opened), disk, tornBytes: opened.report.tornBytes };
}

function changed(path: string, change: (bytes: Uint8Array) => void): Map<string, Uint8Array> {
  const { files } = new MemoryDisk(LOG.files);
  change(files.get(path)!);
  return files;
}

/** The same directory with one more record, to see that a repaired log can be continued. */
function continued(disk: MemoryDisk): void {
  const { wal, groups } = openOn(disk);
  const before = groups.get(GROUP_1)?.batches.at(-1);
  const next = before === undefined ? 1 : before.firstIndex + before.count;
  let durable = 0;
  wal.append(GROUP_1, writeOf(1, batchOf(next, 9, 1, 900, 23)), (seq) => (durable = seq));
  wal.commit();
  disk.settle();
  expect(durable).toBe(1);
  wal.close();
  const batches = openOn(new MemoryDisk(disk.files)).groups.get(GROUP_1)!.batches;
  expect(batches.at(-1)!.firstIndex as number).toBe(next);
}

test("recovery: finds what was written, and the later write where two overlap", () => {
  expect(PATHS.length).toBeGreaterThanOrEqual(3);
  const { state, disk } = reopen(LOG.files);
  expect(state).toBe(LOG.states.at(-1)!);
  const group = openOn(disk).groups.get(GROUP_1)!;
  expect(group.hardState as unknown).toEqual({ term: 4, votedFor: 1 });
  expect(group.batches.map((b) => [b.firstIndex, b.count, b.term] as number[])).toEqual([
    [1, 4, 1],
    [5, 1, 1],
    [6, 1, 2],
    [7, 1, 3],
    [8, 1, 3],
    [9, 1, 3],
    [10, 2, 4],
  ]);
});

test("recovery: keeps the groups of a node apart", () => {
  const disk = new MemoryDisk();
  const { wal } = openOn(disk);
  wal.append(asGroup(1), writeOf(1, batchOf(1, 1, 1, 10, 1)), () => {});
  wal.append(asGroup(2), { ...voteOf(1, 5, 2), batches: [batchOf(1, 5, 2, 10, 2)] }, () => {});
  wal.append(asGroup(1), writeOf(2, batchOf(2, 1, 1, 10, 3)), () => {});
  wal.commit();
  disk.settle();
  const { groups } = openOn(disk);
  expect(groups.get(asGroup(1))!.batches.length).toBe(2);
  expect(groups.get(asGroup(2))!.batches.length).toBe(1);
  expect(groups.get(asGroup(2))!.hardState as unknown).toEqual({ term: 5, votedFor: 2 });
});

describe("recovery: a log that ends at any byte holds every record before it", () => {
  test("cut off", () => {
    for (const [k, path] of PATHS.entries()) {
      const before = new Map(PATHS.slice(0, k).map((p) => [p, LOG.files.get(p)!] as const));
      const whole = LOG.files.get(path)!;
      for (let offset = 0; offset <= whole.length; offset++) {
        const { state } = reopen(new Map([...before, [path, whole.slice(0, offset)]]));
        const wanted = LOG.states[recordsWithin(LOG, k, offset)];
        if (state !== wanted) throw new Error(`cut at ${path} ${offset}: ${state}`);
      }
    }
  });

  test("zeros from there on, as a torn write leaves them", () => {
    for (const [k, path] of PATHS.entries()) {
      const before = new Map(PATHS.slice(0, k).map((p) => [p, LOG.files.get(p)!] as const));
      for (let offset = SEGMENT_HEADER_BYTES; offset <= SEGMENT_BYTES; offset++) {
        const torn = LOG.files.get(path)!.slice().fill(0, offset);
        const { state } = reopen(new Map([...before, [path, torn]]));
        const within = recordsWithin(LOG, k, offset);
        // The next one is whole all the same if what it lacks is zeros, or only tags.
        const ends = LOG.states.slice(within, within + 2);
        if (!ends.includes(state)) throw new Error(`torn at ${path} ${offset}: ${state}`);
      }
    }
  });
});

/** A first record that ends 16 bytes before a sector: the next one's header does not fit there. */
const BEYOND_GAP = writeLog([
  writeOf(1, batchOf(1, 1, 1, 420, 3)),
  writeOf(2, batchOf(2, 1, 1, 900, 5)),
]);

test.each([
  ["in the last segment", LOG],
  ["after a gap", BEYOND_GAP],
] as const)("recovery: a last record %s that lost any of its sectors is cut", (_, log) => {
  const { path, offset: end } = log.ends.at(-1)!;
  const previous = log.ends.at(-2)!;
  const start = previous.path === path ? recordStart(previous.offset) : SEGMENT_HEADER_BYTES;
  const sectors: [number, number][] = [];
  for (let at = start; at < end; at = sectors.at(-1)![1]) {
    sectors.push([at, Math.min(end, (Math.floor(at / 512) + 1) * 512)]);
  }
  expect(sectors.length).toBeGreaterThanOrEqual(2);
  for (let lost = 1; lost < 1 << sectors.length; lost++) {
    const { files } = new MemoryDisk(log.files);
    for (const [i, [from, to]] of sectors.entries()) {
      if ((lost >> i) & 1) files.get(path)!.fill(0, from, to);
    }
    const { state, disk, tornBytes } = reopen(files);
    expect(state).toBe(log.states.at(-2)!);
    expect(tornBytes > 0).toBe(lost !== (1 << sectors.length) - 1);
    continued(disk);
  }
});

test("recovery: the record after a gap begins with a sector", () => {
  const [first, second] = BEYOND_GAP.ends;
  expect(first!.offset % 512).toBe(512 - 16);
  expect(recordStart(first!.offset)).toBe(1024);
  expect(second!.path).toBe(first!.path);
});

test("recovery: says how many bytes of a torn record it cut, and where", () => {
  const { path, offset } = LOG.ends.at(-1)!;
  const disk = new MemoryDisk(changed(path, (bytes) => void bytes.fill(0, offset - 100)));
  const { report } = openOn(disk);
  expect(report.records).toBe(WRITES.length - 1);
  expect(report.tornBytes).toBeGreaterThan(1000);
  expect(report.tornAt).toMatch(/wal-0000000\d\.seg offset \d+$/);
  expect(openOn(disk).report.tornBytes).toBe(0);
});

test("recovery: a flipped bit in any byte is refused or changes nothing", () => {
  let refused = 0;
  for (const path of PATHS) {
    for (let at = 0; at < SEGMENT_BYTES; at++) {
      // One bit of each byte; damage.test.ts flips all those of headers.
      const bit = (at * 5) % 8;
      const files = changed(path, (bytes) => void (bytes[at]! ^= 1 << bit));
      try {
        const { state } = reopen(files);
        if (state !== LOG.states.at(-1)!) throw new Error(`${path} ${at}.${bit}: ${state}`);
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        refused++;
      }
    }
  }
  expect(refused).toBeGreaterThan(3_750);
});

describe("recovery: refuses and changes nothing", () => {
  const refuses = (files: ReadonlyMap<string, Uint8Array>, message: RegExp) => {
    const disk = new MemoryDisk(files);
    expect(() => openOn(disk)).toThrow(message);
    expect([...disk.files]).toEqual([...new MemoryDisk(files).files]);
    expect(disk.done.filter((d) => !d.startsWith("read"))).toEqual([]);
  };

  test("a damaged record before a valid one, by file, offset and number", () => {
    const { path, offset } = LOG.ends[1]!;
    const files = changed(path, (bytes) => void (bytes[offset - 20]! ^= 4));
    refuses(
      files,
      /wal-00000001\.seg offset \d+ record 2: record crc mismatch[^]*ordeal wal verify[^]*cluster replace/,
    );
  });

  test("zeros in place of a record before a valid one of the same segment", () => {
    const small = writeLog([voteOf(1, 1, 1), voteOf(2, 2, 1), voteOf(3, 3, 1)]);
    const disk = new MemoryDisk(small.files);
    disk.files.get(PATHS[0]!)!.fill(0, small.ends[0]!.offset, small.ends[1]!.offset);
    refuses(
      disk.files,
      /record 2: the record is damaged or missing, but a later one is at .* offset \d+ record 3/,
    );
  });

  test("zeros in place of a record before a valid one of another segment", () => {
    const { path, offset } = LOG.ends.findLast((end) => end.path === PATHS[0])!;
    const from = LOG.ends.findLast((end) => end.path === path && end.offset < offset)!.offset;
    const files = changed(path, (bytes) => void bytes.fill(0, from, offset));
    for (const later of PATHS.slice(2)) files.delete(later);
    refuses(files, /0002.seg offset 512 record \d+: record \d+ stands where this one belongs/);
  });

  test("zeros in place of a whole segment's records before another segment", () => {
    const files = changed(PATHS[0]!, (bytes) => void bytes.fill(0, SEGMENT_HEADER_BYTES));
    refuses(files, /0002.seg offset 512 record 1: record \d+ stands where this one belongs/);
  });

  test("a damaged header of a segment with records", () => {
    refuses(
      changed(PATHS[1]!, (bytes) => void bytes.fill(0, 0, SEGMENT_HEADER_BYTES)),
      /wal-00000002\.seg offset 0: the segment header is damaged/,
    );
  });

  test("a missing segment", () => {
    const files = new Map(LOG.files);
    files.delete(PATHS[1]!);
    refuses(files, /wal-00000002\.seg: the segment is missing/);
  });

  test("segments that changed places", () => {
    const files = new Map(LOG.files);
    files.set(PATHS[0]!, LOG.files.get(PATHS[1]!)!);
    refuses(files, /the file is segment 2, renamed/);
  });

  test("entries that leave a gap", () => {
    const gap = writeLog([writeOf(1, batchOf(1, 1, 2, 10, 1))]);
    const disk = new MemoryDisk(gap.files);
    const { wal } = openOn(disk);
    wal.append(GROUP_1, writeOf(1, batchOf(4, 1, 1, 10, 1)), () => {});
    wal.commit();
    disk.settle();
    refuses(disk.files, /record 2: the record makes no sense: entry 4 follows entry 2/);
  });

  test.each([
    [{ clusterId: "cluster-b", nodeId: asNode(1) }],
    [{ clusterId: "cluster-a", nodeId: asNode(2) }],
  ])("data that is not %o's", (identity) => {
    const disk = new MemoryDisk(LOG.files);
    expect(() => openOn(disk, { identity })).toThrow(UserError);
    expect(() => openOn(disk, { identity })).toThrow(
      /it belongs to node 1 of cluster "cluster-a"[^]*fix: start with the config/,
    );
    expect([...disk.files]).toEqual([...new MemoryDisk(LOG.files).files]);
    expect(stateOf(openOn(disk, { identity: IDENTITY }))).toBe(LOG.states.at(-1)!);
  });
});

test("recovery: bytes of another log's record within a value are not taken for a record", () => {
  const { path, offset } = LOG.ends[0]!;
  const record = LOG.files.get(path)!.subarray(SEGMENT_HEADER_BYTES, offset);
  const value = batchOf(1, 1, 1, 1000, 5);
  value.bytes.set(record, 602); // At a multiple of 8 in the file, beyond the record's first sector.
  const reopenTorn = (identity: StorageIdentity) => {
    const { files } = new MemoryDisk(writeLog([writeOf(1, value)], GROUP_1, { identity }).files);
    files.get(path)!.fill(0, SEGMENT_HEADER_BYTES, 2 * SEGMENT_HEADER_BYTES);
    return openOn(new MemoryDisk(files), { identity }).report.records;
  };
  expect(reopenTorn({ ...IDENTITY, clusterId: "cluster-b" })).toBe(0);
  // Where the salt is the same they are: better to refuse a sound log than to cut a damaged one.
  expect(() => reopenTorn(IDENTITY)).toThrow(StorageError);
});

test("recovery: a segment that was made ahead but never used is removed", () => {
  const next = `${DIR}/wal-${String(PATHS.length + 1).padStart(8, "0")}.seg`;
  const header = encodeSegmentHeader(PATHS.length + 1, IDENTITY);
  const contents = [0, 100, 700, 2048].map((length) => new Uint8Array(length));
  for (const content of [...contents, header, header.slice(0, 30)]) {
    const { state, disk } = reopen(new Map([...LOG.files, [next, content]]));
    expect(state).toBe(LOG.states.at(-1)!);
    expect(disk.files.has(next)).toBe(false);
    expect(disk.done).toContain("syncDirNow data");
  }
});
