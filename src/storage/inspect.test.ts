import { expect, test } from "bun:test";
import { asIndex, asNode, asTerm, GROUP_1 } from "../lib/ids.ts";
import { inspectWal, ownerOf } from "./inspect.ts";
import { inspectSnapshots, verifyNode } from "./inspect-node.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { SnapshotEncoder } from "./snapshot-format.ts";
import { batchOf, DIR, IDENTITY, openOn, voteOf, writeLog, writeOf } from "./test-log.ts";

const SNAPSHOTS = "/snapshots";
const DIRS = { wal: DIR, snapshots: SNAPSHOTS };
const LOG = writeLog([
  { ...voteOf(1, 2, 3), batches: [batchOf(1, 2, 4, 20, 7)] },
  writeOf(2, batchOf(5, 2, 1, 1200, 1)),
  writeOf(3, batchOf(6, 2, 1, 1200, 2)),
]);
const FIRST = `${DIR}/wal-00000001.seg`;

/** A sound snapshot up to entry 3, in two chunks. */
function snapshotFile(): Uint8Array {
  const membership = { voters: [asNode(1), asNode(2)], votersOutgoing: [], learners: [] };
  const meta = { lastIndex: asIndex(3), lastTerm: asTerm(2), membership };
  const encoder = new SnapshotEncoder(meta, IDENTITY);
  const chunks = [1, 2].map((fill) => encoder.chunk(new Uint8Array(100).fill(fill)));
  return Buffer.concat([encoder.header, ...chunks, encoder.end()]).slice();
}

/** The node's files, with a change; what is done to them is counted. */
function nodeWith(change: (files: Map<string, Uint8Array>) => void): MemoryDisk {
  const disk = new MemoryDisk(LOG.files);
  disk.files.set(`${SNAPSHOTS}/snapshot-0000000000000003.snap`, snapshotFile());
  disk.files.set(`${SNAPSHOTS}/snapshot-0000000000000009.snap.1.own`, new Uint8Array(5));
  change(disk.files);
  return disk;
}

const flip = (path: string, at: number) => (files: Map<string, Uint8Array>) =>
  void (files.get(path)![at]! ^= 1);

test("inspect: lists segments, hard states, and the records that were asked for", () => {
  const disk = nodeWith(() => {});
  const { segments, hardStates, records } = inspectWal(disk, DIR, { from: 2, to: 2 });
  expect(ownerOf(disk, DIR)).toEqual(IDENTITY);
  expect(hardStates).toEqual([{ kind: "hardState", group: GROUP_1, term: 2, votedFor: 3 }]);
  expect(segments.slice(0, 2)).toMatchObject([
    { number: 1, bytes: 2048, first: 1, ranges: [{ group: 1, first: 1 }], stop: null },
    { number: 2, ranges: [{ group: 1, last: 6 }], stop: null },
  ]);
  expect(segments.reduce((sum, segment) => sum + segment.records, 0)).toBe(3);
  expect(records.map(({ sequence }) => sequence)).toEqual([2]);
  expect(records[0]!.items).toContainEqual({
    ...{ kind: "entries", group: 1, term: 2, firstIndex: 5, lastIndex: 5, bytes: 1204 },
  });
});

test("inspect: of a damaged segment it tells what is before the damage, and where that is", () => {
  const { segments } = inspectWal(nodeWith(flip(FIRST, 600)), DIR, null);
  expect(segments[0]).toMatchObject({
    records: 0,
    stop: "offset 512: record crc mismatch, damaged",
  });
  const headless = inspectWal(nodeWith(flip(FIRST, 20)), DIR, null).segments[0];
  expect(headless).toMatchObject({ header: null, stop: "no whole header" });
});

test("inspect: a snapshot's chunks and checksum, and which were never finished", () => {
  const { snapshots, unfinished } = inspectSnapshots(
    nodeWith(() => {}),
    DIRS,
  );
  expect(snapshots).toMatchObject([
    { chunks: 2, problem: null, meta: { lastIndex: 3, lastTerm: 2 } },
  ]);
  expect(unfinished).toEqual(["snapshot-0000000000000009.snap.1.own"]);
});

test("inspect and verify: snapshots of every group, each in its directory", () => {
  const of7 = `${SNAPSHOTS}/group-7`;
  const disk = nodeWith((files) => {
    files.set(`${of7}/snapshot-0000000000000003.snap`, snapshotFile());
    files.set(`${of7}/snapshot-0000000000000004.snap.1.received`, new Uint8Array(5));
  });
  const { snapshots, unfinished } = inspectSnapshots(disk, DIRS);
  expect(snapshots.map(({ group, file }) => [group as number, file])).toEqual([
    [1, "snapshot-0000000000000003.snap"],
    [7, "group-7/snapshot-0000000000000003.snap"],
  ]);
  expect(unfinished).toContain("group-7/snapshot-0000000000000004.snap.1.received");
  // The log has nothing of group 7: somebody has mixed two nodes' data.
  expect(verifyNode(disk, DIRS).damage[0]!.what).toContain("group 7 has a snapshot, but no log");
  flip(`${of7}/snapshot-0000000000000003.snap`, 40)(disk.files);
  expect(verifyNode(disk, DIRS).damage[0]!.where).toStartWith(of7);
});

test("verify: what a node starts from is sound, a torn tail too", () => {
  const { path, offset } = LOG.ends.at(-1)!;
  const disk = nodeWith((files) => void files.get(path)!.fill(0, offset - 100));
  expect(
    verifyNode(
      nodeWith(() => {}),
      DIRS,
    ),
  ).toMatchObject({ damage: [], torn: [], records: 3 });
  const { damage, torn, records } = verifyNode(disk, DIRS);
  expect({ damage, records }).toEqual({ damage: [], records: 2 });
  expect(openOn(disk).report.tornBytes).toBe(torn[0]!.to - torn[0]!.from);
});

test("verify: says what the node says when it refuses", () => {
  const disk = nodeWith(flip(FIRST, 600));
  const [{ where, what } = { where: "", what: "" }] = verifyNode(disk, DIRS).damage;
  expect(where).toBe(`${FIRST} offset 512 record 1`);
  expect(() => openOn(disk)).toThrow(`${where}: ${what}`);
});

test("verify: any flipped byte of a snapshot is found", () => {
  const path = `${SNAPSHOTS}/snapshot-0000000000000003.snap`;
  for (let at = 0; at < snapshotFile().length; at++) {
    const { damage } = verifyNode(nodeWith(flip(path, at)), DIRS);
    expect(
      damage.some(({ where }) => where === path),
      `byte ${at}`,
    ).toBe(true);
  }
});

test("inspect and verify: change nothing, and only read", () => {
  const disk = nodeWith(() => {});
  const before = [...disk.files].map(
    ([path, bytes]) => `${path} ${Buffer.from(bytes).toString("hex")}`,
  );
  inspectWal(disk, DIR, { from: 0, to: Infinity });
  inspectSnapshots(disk, DIRS);
  verifyNode(disk, DIRS);
  const after = [...disk.files].map(
    ([path, bytes]) => `${path} ${Buffer.from(bytes).toString("hex")}`,
  );
  expect(after).toEqual(before);
  expect(new Set(disk.done.map((done) => done.split(" ")[0]))).toEqual(
    new Set(["open", "readAt", "read"]),
  );
  expect(disk.openFiles).toBe(0);
});
