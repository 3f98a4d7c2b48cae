import { expect, test } from "bun:test";
import { asIndex, asNode, asTerm } from "../lib/ids.ts";
import type { SnapshotMeta } from "../raft/api.ts";
import { diskError } from "./disk-error.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { type FileSnapshots, openSnapshots } from "./snapshot-files.ts";
import type { SnapshotStorage } from "./snapshot-storage.ts";
import { MemorySnapshots } from "./memory-snapshots.ts";
import { StorageError } from "./storage-error.ts";

const DIR = "/snapshots";
const IDENTITY = { clusterId: "cluster-a", nodeId: asNode(1) };

const metaOf = (lastIndex: number, lastTerm = 1): SnapshotMeta => ({
  lastIndex: asIndex(lastIndex),
  lastTerm: asTerm(lastTerm),
  membership: { voters: [1, 2].map(asNode), votersOutgoing: [asNode(3)], learners: [asNode(4)] },
});
const pieceOf = (size: number, fill: number): Uint8Array => new Uint8Array(size).fill(fill);

let clock = 0;

function open(disk: MemoryDisk): {
  snapshots: FileSnapshots;
  state: string | null;
  damaged: readonly string[];
} {
  let state: string | null = null;
  const opened = openSnapshots(
    { port: disk, dir: DIR, identity: IDENTITY, now: () => clock },
    () => {
      let bytes = "";
      return {
        write: (piece) => void (bytes += Buffer.from(piece).toString("hex")),
        finish: () => void (state = bytes),
      };
    },
  );
  return { ...opened, state };
}

/** Writes a whole snapshot; returns the error that it ended with. */
function take(
  snapshots: SnapshotStorage,
  meta: SnapshotMeta,
  pieces: readonly Uint8Array[],
  settle: () => void,
): Error | null | undefined {
  const sink = snapshots.begin(meta);
  let result: Error | null | undefined;
  const next = (i: number): void => {
    if (i === pieces.length) return sink.finish((error) => (result = error));
    sink.write(pieces[i]!, (error) => {
      if (error === null) next(i + 1);
      else result = error;
    });
  };
  next(0);
  settle();
  return result;
}

function readAll(snapshots: SnapshotStorage, step: number, settle: () => void): Uint8Array {
  const { meta, totalBytes } = snapshots.newest!;
  const parts: Uint8Array[] = [];
  for (let at = 0; at < totalBytes; at += step) {
    snapshots.read(meta.lastIndex, at, step, (data, total) => {
      expect(total).toBe(totalBytes);
      parts.push(data!.slice());
    });
    settle();
  }
  return Buffer.concat(parts);
}

const PIECES = [pieceOf(1_000, 1), pieceOf(0, 0), pieceOf(700_000, 2), pieceOf(900_000, 3)];
const STATE = PIECES.map((piece) => Buffer.from(piece).toString("hex")).join("");

test("snapshot files: what was written is found again, with what it stands for", () => {
  const disk = new MemoryDisk();
  const { snapshots } = open(disk);
  expect(snapshots.newest).toBeNull();
  expect(take(snapshots, metaOf(70), PIECES, () => disk.settle())).toBeNull();
  const again = open(new MemoryDisk(disk.files));
  expect(again.state).toBe(STATE);
  expect(again.snapshots.newest!.meta).toEqual(metaOf(70));
  expect(again.snapshots.newest).toEqual(snapshots.newest);
});

test("snapshot files: nothing is the newest before it is synced, renamed and synced again", () => {
  const disk = new MemoryDisk();
  const { snapshots } = open(disk);
  const sink = snapshots.begin(metaOf(5));
  let finished = false;
  sink.write(pieceOf(10, 1), () => sink.finish(() => (finished = true)));
  while (!finished) {
    expect(snapshots.newest).toBeNull();
    expect(disk.settleOne()).toBe(true);
  }
  expect(disk.done.slice(-3).map((line) => line.split(" ")[0])).toEqual([
    "sync",
    "rename",
    "syncDir",
  ]);
  expect(snapshots.newest!.meta.lastIndex as number).toBe(5);
});

test("snapshot files: a failed write or sync leaves the one before, and no file", () => {
  for (const operation of ["writeLater", "sync", "rename"] as const) {
    const disk = new MemoryDisk();
    const { snapshots } = open(disk);
    take(snapshots, metaOf(5), [pieceOf(9, 1)], () => disk.settle());
    disk.failWith = (at, path) => (at === operation ? diskError("ENOSPC", path) : null);
    const error = take(snapshots, metaOf(6), PIECES, () => disk.settle());
    expect(String(error), operation).toContain("ENOSPC");
    expect(snapshots.newest!.meta.lastIndex as number).toBe(5);
    disk.failWith = () => null;
    const again = open(new MemoryDisk(disk.files));
    expect(again.snapshots.newest!.meta.lastIndex as number).toBe(5);
  }
});

test("snapshot files: of a crash at any point either the old or the new one is left", () => {
  const disk = new MemoryDisk();
  const { snapshots } = open(disk);
  take(snapshots, metaOf(5), [pieceOf(9, 1)], () => disk.settle());
  const sink = snapshots.begin(metaOf(6));
  sink.write(pieceOf(100, 2), () => sink.finish(() => {}));
  const seen = new Set<number>();
  do {
    const { snapshots: found } = open(new MemoryDisk(disk.files));
    seen.add(found.newest!.meta.lastIndex);
  } while (disk.settleOne());
  expect([...seen]).toEqual([5, 6]);
});

test("snapshot files: any flipped bit and any cut is seen; the one before is used if there is one", () => {
  const disk = new MemoryDisk();
  const { snapshots } = open(disk);
  take(snapshots, metaOf(6), [pieceOf(40, 1), pieceOf(50, 2)], () => disk.settle());
  const [path] = [...disk.files.keys()];
  const whole = disk.files.get(path!)!;
  const older = new MemoryDisk();
  take(open(older).snapshots, metaOf(5), [pieceOf(9, 1)], () => older.settle());
  for (let at = 0; at <= whole.length; at++) {
    const bad = new MemoryDisk(disk.files);
    const cut = whole.slice(0, at);
    if (at < whole.length && at % 2 === 0) bad.files.set(path!, cut);
    else bad.files.get(path!)![Math.min(at, whole.length - 1)]! ^= 1 << (at % 8);
    // The id of the node that made it is for people.
    const harmless = Buffer.compare(bad.files.get(path!)!, whole) === 0;
    expect(harmless).toBe(false);
    expect(() => open(bad), `byte ${at}`).toThrow(StorageError);
    for (const [name, bytes] of older.files) bad.files.set(name, bytes);
    const opened = open(bad);
    expect(opened.snapshots.newest!.meta.lastIndex as number).toBe(5);
    expect(opened.damaged.length).toBe(1);
  }
});

test("snapshot files: one that is being sent stays for a while after a newer one came", () => {
  const disk = new MemoryDisk();
  const { snapshots } = open(disk);
  const files = (): number => disk.files.size;
  take(snapshots, metaOf(5), [pieceOf(9, 1)], () => disk.settle());
  snapshots.read(asIndex(5), 0, 10, () => {});
  disk.settle();
  take(snapshots, metaOf(6), [pieceOf(9, 1)], () => disk.settle());
  let sizes: number[] = [];
  const size = (data: Uint8Array | null): void => void sizes.push(data?.length ?? -1);
  snapshots.read(asIndex(5), 10, 10, size);
  disk.settle();
  expect([sizes, files()]).toEqual([[10], 2]);
  clock += 60_000;
  take(snapshots, metaOf(7), [pieceOf(9, 1)], () => disk.settle());
  snapshots.read(asIndex(5), 10, 10, size);
  expect([sizes, files()]).toEqual([[10, -1], 1]);
  snapshots.close();
  expect(disk.openFiles).toBe(0);
});

test("snapshot files: received in pieces of any size it is the leader's, durable once it says so", () => {
  const leaderDisk = new MemoryDisk();
  const leader = open(leaderDisk).snapshots;
  take(leader, metaOf(70), PIECES, () => leaderDisk.settle());
  for (const step of [100_000, 262_144, 5_000_000]) {
    const bytes = readAll(leader, step, () => leaderDisk.settle());
    const disk = new MemoryDisk();
    const { snapshots } = open(disk);
    let state = "";
    const receiver = snapshots.receive(metaOf(70), bytes.length, (piece) => {
      state += Buffer.from(piece).toString("hex");
    });
    for (let at = 0; at < bytes.length; at += step) receiver.write(bytes.subarray(at, at + step));
    let problem: string | null | undefined;
    receiver.finish((p) => (problem = p));
    expect(problem).toBeUndefined();
    disk.settle();
    expect(problem).toBeNull();
    expect(state).toBe(STATE);
    expect(open(new MemoryDisk(disk.files)).state).toBe(STATE);
    expect(disk.openFiles).toBe(0);
  }
});

test("snapshot files: a received one that is damaged, short or another is refused and leaves nothing", () => {
  const leaderDisk = new MemoryDisk();
  const leader = open(leaderDisk).snapshots;
  take(leader, metaOf(70), PIECES, () => leaderDisk.settle());
  const bytes = readAll(leader, 1 << 20, () => leaderDisk.settle());
  const disk = new MemoryDisk();
  const { snapshots } = open(disk);
  const damaged = new Uint8Array(bytes);
  damaged[800_000]! ^= 4;
  const first = snapshots.receive(metaOf(70), bytes.length, () => {});
  expect(() => first.write(damaged)).toThrow("crc mismatch");
  first.abandon();
  const second = snapshots.receive(metaOf(71), bytes.length, () => {});
  expect(() => second.write(bytes)).toThrow("70@1 inside");
  const third = snapshots.receive(metaOf(70), bytes.length, () => {});
  third.write(bytes.subarray(0, bytes.length - 8));
  let problem: string | null = null;
  third.finish((p) => (problem = p));
  disk.settle();
  expect(String(problem)).toContain("or no end");
  expect(snapshots.newest).toBeNull();
  expect([disk.files.size, disk.openFiles]).toEqual([0, 0]);
});

test("memory snapshots: give the same bytes as files, to readers and to a restart", () => {
  const disk = new MemoryDisk();
  const files = open(disk).snapshots;
  take(files, metaOf(70), PIECES, () => disk.settle());
  const queue: (() => void)[] = [];
  const settle = (): void => {
    for (let work = queue.shift(); work; work = queue.shift()) work();
  };
  const memory = new MemorySnapshots(IDENTITY, (work) => void queue.push(work));
  take(memory, metaOf(70), PIECES, settle);
  expect(memory.newest!.totalBytes).toBe(files.newest!.totalBytes);
  const bytes = readAll(memory, 99_999, settle);
  expect(
    Buffer.compare(
      bytes,
      readAll(files, 500_000, () => disk.settle()),
    ),
  ).toBe(0);
  const other = new MemorySnapshots(IDENTITY, (work) => void queue.push(work));
  let state = "";
  const receiver = other.receive(metaOf(70), bytes.length, () => {});
  receiver.write(bytes);
  receiver.finish(() => {});
  settle();
  expect(other.load((piece) => void (state += Buffer.from(piece).toString("hex")))).toBe(true);
  expect(state).toBe(STATE);
});
