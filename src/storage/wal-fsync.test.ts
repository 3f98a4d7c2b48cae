import { describe, expect, test } from "bun:test";
import type { PowerLossKeeps } from "../fault/vocabulary.ts";
import { GROUP_1 } from "../lib/ids.ts";
import { Prng } from "../lib/prng.ts";
import type { FsyncMode, LogStorage } from "./log-storage.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { PlainDisk } from "./plain-disk.ts";
import { batchOf, openOn, writeOf } from "./test-log.ts";
import { VolatileDisk } from "./volatile-disk.ts";

const isSync = (done: string): boolean => /^sync(Now)? wal-/.test(done);

function append(wal: LogStorage, seq: number, durable: number[], size = 40): void {
  wal.append(GROUP_1, writeOf(seq, batchOf(seq, 1, 1, size, 1)), (s) => durable.push(s));
}

/** Ten writes that are there at once; gives the records and the syncs that they took. */
function tenAtOnce(fsync: FsyncMode): { records: number; syncs: number; durable: number[] } {
  const disk = new MemoryDisk();
  const { wal } = openOn(disk, { fsync, segmentSizes: { first: 1 << 16, max: 1 << 16 } });
  const before = disk.done.length;
  const durable: number[] = [];
  for (let seq = 1; seq <= 10; seq++) append(wal, seq, durable);
  wal.commit();
  disk.settle();
  const syncs = disk.done.slice(before).filter(isSync).length;
  return { records: openOn(new MemoryDisk(disk.files)).report.records, syncs, durable };
}

const ONE_TO_TEN = Array.from({ length: 10 }, (_, i) => i + 1);

test("wal: batch syncs once for all writes that are there", () => {
  expect(tenAtOnce("batch")).toEqual({ records: 1, syncs: 1, durable: ONE_TO_TEN });
});

test("wal: always gives every write a record and a sync of its own", () => {
  expect(tenAtOnce("always")).toEqual({ records: 10, syncs: 10, durable: ONE_TO_TEN });
});

test("wal: never syncs no record, and a write is durable when commit returns", () => {
  expect(tenAtOnce("never")).toEqual({ records: 1, syncs: 0, durable: ONE_TO_TEN });
});

test("wal: never keeps the order of callbacks that append and commit, however many there are", () => {
  const disk = new MemoryDisk();
  const sizes = { first: 4 << 20, max: 4 << 20 };
  const { wal } = openOn(disk, { fsync: "never", segmentSizes: sizes });
  const durable: number[] = [];
  const next = (seq: number): void => {
    durable.push(seq);
    if (seq === 20_000) return;
    wal.append(GROUP_1, writeOf(seq + 1, batchOf(seq + 1, 1, 1, 40, 1)), next);
    wal.commit();
  };
  wal.append(GROUP_1, writeOf(1, batchOf(1, 1, 1, 40, 1)), next);
  wal.append(GROUP_1, writeOf(100_001), (seq) => durable.push(seq));
  wal.commit();
  expect(durable).toEqual([1, 100_001, ...Array.from({ length: 19_999 }, (_, i) => i + 2)]);
  expect(openOn(new MemoryDisk(disk.files)).groups.get(GROUP_1)!.batches.length).toBe(20_000);
});

test.each(["always", "never"] as const)("wal: %s goes on over many segments", (fsync) => {
  const disk = new MemoryDisk();
  const { wal } = openOn(disk, { fsync });
  const durable: number[] = [];
  for (let seq = 1; seq <= 60; seq++) {
    append(wal, seq, durable, 400);
    wal.commit();
    if (seq % 5 === 0) disk.settle();
  }
  disk.settle();
  expect(durable).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
  expect(wal.pendingBytes).toBe(0);
  const { groups, report } = openOn(new MemoryDisk(disk.files));
  expect(groups.get(GROUP_1)!.batches.length).toBe(60);
  expect(report.segments).toBeGreaterThan(5);
});

test("wal: never leaves no file open when it is closed within a callback", () => {
  const disk = new MemoryDisk();
  const { wal } = openOn(disk, { fsync: "never" });
  wal.append(GROUP_1, writeOf(1, batchOf(1, 1, 1, 40, 1)), () => wal.close());
  wal.commit();
  disk.settle();
  expect(disk.openFiles).toBe(0);
});

describe("wal: a loss of power at any moment", () => {
  /** Writes one by one, takes the power away after `writes`, and starts again. */
  function lostAfter(fsync: FsyncMode, writes: number, keeps: PowerLossKeeps): number {
    const platter = new PlainDisk();
    const queue: (() => void)[] = [];
    const powerUp = (): VolatileDisk =>
      new VolatileDisk(platter, {
        prng: new Prng(writes),
        later: (_operation, _bytes, work) => void queue.push(work),
      });
    const disk = powerUp();
    const { wal } = openOn(disk, { fsync });
    const durable: number[] = [];
    for (let seq = 1; seq <= writes; seq++) {
      append(wal, seq, durable, 60);
      wal.commit();
      if (seq % 3 === 0) queue.shift()?.();
    }
    const acknowledged = durable.length;
    disk.losePower(keeps);
    const found = openOn(powerUp()).groups.get(GROUP_1)?.batches.length ?? 0;
    return acknowledged - Math.min(found, acknowledged);
  }

  test.each(["always", "batch"] as const)("%s loses no acknowledged write", (fsync) => {
    for (const keeps of ["nothing", "prefix", "subset", "torn"] as const) {
      for (let writes = 1; writes <= 60; writes++) {
        expect(lostAfter(fsync, writes, keeps), `${writes} writes, ${keeps}`).toBe(0);
      }
    }
  });

  test("never loses all of them, which is why it is called unsafe", () => {
    expect(lostAfter("never", 8, "nothing")).toBe(8);
  });
});
