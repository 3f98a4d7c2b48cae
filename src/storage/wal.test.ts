import { describe, expect, test } from "bun:test";
import { asGroup, GROUP_1 } from "../lib/ids.ts";
import { UserError } from "../lib/user-error.ts";
import { MemoryLog } from "./memory.ts";
import { diskError } from "./disk-error.ts";
import { type DiskOperation, MemoryDisk } from "./memory-disk.ts";
import { batchOf, openOn, stateOf, voteOf, writeOf } from "./test-log.ts";

const NEVER = { syncNowBytesMax: 0 } as const;

/** Appends one-entry writes numbered first … last; gives the list their numbers are added to. */
function appendAll(
  wal: { append: ReturnType<typeof openOn>["wal"]["append"] },
  first: number,
  last: number,
  durable: number[] = [],
): number[] {
  for (let seq = first; seq <= last; seq++) {
    wal.append(GROUP_1, writeOf(seq, batchOf(seq, 1, 1, 40, 1)), (s) => durable.push(s));
  }
  return durable;
}

const countOf = (disk: MemoryDisk, operation: DiskOperation): number =>
  disk.done.filter((d) => d.startsWith(`${operation} `)).length;

test("wal: what is appended while a record is on its way forms one record", () => {
  const disk = new MemoryDisk();
  const { wal } = openOn(disk, NEVER);
  const durable = appendAll(wal, 1, 1);
  wal.commit();
  for (let seq = 2; seq <= 20; seq++) {
    appendAll(wal, seq, seq, durable);
    wal.commit();
  }
  expect(durable).toEqual([]);
  expect(disk.settleOne()).toBe(true);
  expect(durable).toEqual([1]);
  disk.settle();
  expect(durable).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  const { groups, report } = openOn(new MemoryDisk(disk.files));
  expect(report.records).toBe(2);
  expect(groups.get(GROUP_1)!.batches.length).toBe(20);
});

test("wal: all owners of a record hear of it within one call of `together`", () => {
  for (const options of [NEVER, {}]) {
    const disk = new MemoryDisk();
    const heard: string[] = [];
    const { wal } = openOn(disk, {
      ...options,
      together: (tell) => {
        heard.push("begin");
        tell();
        heard.push("end");
      },
    });
    for (const group of [2, 3]) {
      const write = writeOf(1, batchOf(1, 1, 1, 40, group));
      wal.append(asGroup(group), write, () => heard.push(`group ${group}`));
    }
    wal.commit();
    disk.settle();
    expect(heard).toEqual(["begin", "group 2", "group 3", "end"]);
  }
});

test("wal: append writes nothing before commit", () => {
  const disk = new MemoryDisk();
  const { wal } = openOn(disk);
  const before = disk.done.length;
  const durable = appendAll(wal, 1, 3);
  expect(disk.done.length).toBe(before);
  wal.commit();
  expect(durable).toEqual([1, 2, 3]);
  expect(countOf(disk, "syncNow")).toBe(2); // The new segment and one record.
});

test("wal: a small record with nothing else to do is durable when commit returns", () => {
  const disk = new MemoryDisk();
  const { wal } = openOn(disk, { syncNowBytesMax: 256 });
  const durable = appendAll(wal, 1, 1);
  wal.commit();
  expect(durable).toEqual([1]);
  wal.append(GROUP_1, writeOf(2, batchOf(2, 1, 1, 300, 1)), (s) => durable.push(s));
  wal.commit();
  expect(durable).toEqual([1]);
  disk.settle();
  expect(durable).toEqual([1, 2]);
});

test("wal: a slow disk is not waited for until it is quick again", () => {
  let now = 0;
  let syncMs = 5;
  const disk = new MemoryDisk();
  const { wal } = openOn(disk, { now: () => now });
  disk.failWith = (operation) => {
    if (operation === "syncNow" || operation === "sync") now += syncMs;
    return null;
  };
  const durable: number[] = [];
  const commitOne = (seq: number): boolean => {
    appendAll(wal, seq, seq, durable);
    wal.commit();
    const atOnce = durable.includes(seq);
    disk.settle();
    expect(durable).toContain(seq);
    return atOnce;
  };
  expect(commitOne(1)).toBe(true);
  expect(commitOne(2)).toBe(false);
  syncMs = 0.1;
  expect(commitOne(3)).toBe(false);
  let seq = 4;
  while (!commitOne(seq)) expect(seq++).toBeLessThan(20);
  expect(commitOne(seq + 1)).toBe(true);
});

test("wal: a callback may append and commit; order stays, and the event loop is not held up", () => {
  const disk = new MemoryDisk();
  const { wal } = openOn(disk);
  const durable: number[] = [];
  const next = (seq: number): void => {
    durable.push(seq);
    if (seq === 10) return;
    wal.append(GROUP_1, writeOf(seq + 1, batchOf(seq + 1, 1, 1, 40, 1)), next);
    wal.commit();
  };
  wal.append(GROUP_1, writeOf(1, batchOf(1, 1, 1, 40, 1)), next);
  wal.append(GROUP_1, voteOf(100, 1, 1), (seq) => durable.push(seq));
  wal.commit();
  expect(durable).toEqual([1, 100]);
  disk.settle();
  expect(durable).toEqual([1, 100, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test("wal: goes on in the next segment, made ahead while the one before it fills", () => {
  const disk = new MemoryDisk();
  const { wal } = openOn(disk, NEVER);
  const durable: number[] = [];
  for (let seq = 1; seq <= 60; seq++) {
    appendAll(wal, seq, seq, durable);
    wal.commit();
    disk.settle();
  }
  expect(durable.length).toBe(60);
  const created = disk.done.findIndex((d) => d.startsWith("create wal-00000002"));
  const used = disk.done.findIndex((d) => d.startsWith("sync wal-00000002"));
  expect(
    disk.done.slice(created, used).filter((d) => d.startsWith("sync wal-00000001")).length,
  ).toBeGreaterThan(3);
  expect(disk.done.slice(created, used)).toContain("syncDir data");
  expect(openOn(new MemoryDisk(disk.files)).groups.get(GROUP_1)!.batches.length).toBe(60);
  expect(disk.openFiles).toBe(2);
});

test("wal: a record waits for its segment to be ready, and is then written", () => {
  const disk = new MemoryDisk();
  const { wal } = openOn(disk);
  const durable: number[] = [];
  wal.append(GROUP_1, writeOf(1, batchOf(1, 1, 1, 1200, 1)), (s) => durable.push(s));
  wal.commit();
  wal.append(GROUP_1, writeOf(2, batchOf(2, 1, 1, 1200, 2)), (s) => durable.push(s));
  wal.commit();
  expect(durable).toEqual([1]);
  appendAll(wal, 3, 4, durable);
  wal.commit();
  disk.settle();
  expect(durable).toEqual([1, 2, 3, 4]);
  expect(openOn(new MemoryDisk(disk.files)).report).toMatchObject({ records: 3, segments: 2 });
});

test("wal: a record larger than any segment makes one longer", () => {
  const disk = new MemoryDisk();
  const { wal } = openOn(disk);
  const durable: number[] = [];
  for (const [seq, size] of [
    [1, 10],
    [2, 9000],
    [3, 10],
    [4, 6 << 20],
    [5, 10],
  ] as const) {
    wal.append(GROUP_1, writeOf(seq, batchOf(seq, 1, 1, size, 3)), (s) => durable.push(s));
  }
  wal.commit();
  disk.settle();
  expect(durable).toEqual([1, 2, 3, 4, 5]);
  const { groups, report } = openOn(new MemoryDisk(disk.files));
  expect(report.records).toBe(2); // The record was full at 6 MiB, so that the last write went alone.
  expect(groups.get(GROUP_1)!.batches.map((b) => b.bytes.length)).toEqual([
    14,
    9004,
    14,
    (6 << 20) + 4,
    14,
  ]);
});

test("wal: counts the entry bytes that are not durable yet", () => {
  const disk = new MemoryDisk();
  const { wal } = openOn(disk, NEVER);
  appendAll(wal, 1, 2);
  wal.commit();
  appendAll(wal, 3, 3);
  expect(wal.pendingBytes).toBe(3 * 44);
  disk.settleOne();
  expect(wal.pendingBytes).toBe(44);
  wal.commit();
  disk.settle();
  expect(wal.pendingBytes).toBe(0);
});

describe("wal: a failure is told once, and nothing is durable after it", () => {
  const failures: readonly (readonly [DiskOperation, string, number])[] = [
    ["write", "EIO", 0],
    ["sync", "EIO", 0],
    ["syncNow", "EIO", 1 << 20],
    ["create", "ENOSPC", 0],
    ["zero", "ENOSPC", 0],
    ["syncDir", "EIO", 0],
  ];
  test.each(failures)("%s: %s", (operation, code, syncNowBytesMax) => {
    const disk = new MemoryDisk();
    const fatal: Error[] = [];
    const { wal } = openOn(disk, { syncNowBytesMax, onFatal: (error) => fatal.push(error) });
    const durable = appendAll(wal, 1, 4);
    wal.commit();
    disk.settle();
    expect(durable).toEqual([1, 2, 3, 4]);
    disk.failWith = (op, path) => (op === operation ? diskError(code, path) : null);
    for (let seq = 5; seq <= 40; seq++) {
      appendAll(wal, seq, seq, durable);
      wal.commit();
    }
    const heard = durable.length;
    for (let i = 0; fatal.length === 0 && i < 100; i++) {
      disk.settleOne();
      wal.commit();
    }
    const heardBeforeFailure = durable.length;
    const attempts = disk.done.length;
    expect(fatal.map((e) => (e as Error & { code: string }).code)).toEqual([code]);
    appendAll(wal, 41, 42, durable);
    wal.commit();
    disk.failWith = () => null;
    disk.settle();
    wal.commit();
    expect(durable.length).toBe(heardBeforeFailure);
    expect(heard).toBeLessThan(40);
    expect(fatal.length).toBe(1);
    expect(disk.done.slice(attempts).filter((d) => d.startsWith("write"))).toEqual([]);
    const found = openOn(new MemoryDisk(disk.files)).groups.get(GROUP_1)!.batches.length;
    expect(found).toBeGreaterThanOrEqual(durable.length);
  });
});

test("wal: an error that a callback throws is not taken for the disk's", () => {
  const { wal } = openOn(new MemoryDisk());
  wal.append(GROUP_1, voteOf(1, 1, 1), () => {
    throw new Error("from the callback");
  });
  expect(() => wal.commit()).toThrow("from the callback");
});

test("wal: close leaves no file open, even with work under way", () => {
  const disk = new MemoryDisk();
  const { wal } = openOn(disk, NEVER);
  const durable = appendAll(wal, 1, 20); // Beyond an eighth: the next segment is being made.
  wal.commit();
  wal.close();
  disk.settle();
  expect(durable).toEqual([]);
  expect(disk.openFiles).toBe(0);
});

test("wal: continues after the last record on each start", () => {
  const disk = new MemoryDisk();
  let before = "";
  for (let start = 0; start < 30; start++) {
    const opened = openOn(disk);
    expect(opened.report.records).toBe(start);
    if (start > 0) expect(stateOf(opened)).toBe(before);
    appendAll(opened.wal, start + 1, start + 1);
    opened.wal.commit();
    disk.settle();
    opened.wal.close();
    before = stateOf(openOn(new MemoryDisk(disk.files)));
  }
});

test("wal: a directory that cannot be used is the user's to mend", () => {
  const disk = new MemoryDisk();
  disk.failWith = (operation, path) => (operation === "create" ? diskError("EACCES", path) : null);
  expect(() => openOn(disk)).toThrow(UserError);
  expect(() => openOn(disk)).toThrow(/\/data: no permission[^]*fix: choose a directory/);
});

test("memory log: a write is durable at once", () => {
  const log = new MemoryLog();
  expect(appendAll(log, 1, 3)).toEqual([1, 2, 3]);
  expect(log.pendingBytes).toBe(0);
});
