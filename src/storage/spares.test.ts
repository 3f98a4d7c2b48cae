import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { asIndex, asNode, asTerm, GROUP_1 } from "../lib/ids.ts";
import type { SnapshotMeta } from "../raft/api.ts";
import { diskError } from "./disk-error.ts";
import type { OpenedWal, WalOptions } from "./log-storage.ts";
import { type DiskOperation, MemoryDisk } from "./memory-disk.ts";
import { findRecord, segmentBytes } from "./record.ts";
import { decodeSegmentHeader, isSpare, SEGMENT_HEADER_BYTES } from "./segment.ts";
import { batchOf, DIR, openOn, writeOf } from "./test-log.ts";

/** Half a second each of pure computing; the machine may have other things to do. */
setDefaultTimeout(60_000);

const SEGMENT_BYTES = 2048;
const MEMBERSHIP = { voters: [asNode(1)], votersOutgoing: [], learners: [] };

/** A log that goes on: entry after entry, and a snapshot of all but the last few of them now and then. */
class Life {
  readonly disk: MemoryDisk;
  readonly fatal: Error[] = [];
  readonly opened: OpenedWal;
  last: number;
  #seq = 0;
  #snapshot: SnapshotMeta | null;

  constructor(
    disk = new MemoryDisk(),
    last = 0,
    snapshot: SnapshotMeta | null = null,
    options = {},
  ) {
    this.disk = disk;
    this.last = last;
    this.#snapshot = snapshot;
    this.opened = openOn(disk, {
      ...this.#snapshots(),
      onFatal: (e) => void this.fatal.push(e),
      ...options,
    });
  }

  #snapshots(): Partial<WalOptions> {
    return this.#snapshot === null ? {} : { snapshots: new Map([[GROUP_1, this.#snapshot]]) };
  }

  put(count = 1): void {
    for (let i = 0; i < count; i++) {
      this.#append(writeOf(++this.#seq, batchOf(++this.last, 1, 1, 300, this.last & 0xff)));
    }
  }

  snapshot(): void {
    const lastIndex = asIndex(this.last - 2);
    this.#snapshot = { lastIndex, lastTerm: asTerm(1), membership: MEMBERSHIP };
    this.#append({ ...writeOf(++this.#seq), snapshot: this.#snapshot });
  }

  #append(write: ReturnType<typeof writeOf>): void {
    this.opened.wal.append(GROUP_1, write, () => {});
    this.opened.wal.commit();
  }

  /** So many rounds in which a little more than a segment is written and let go. */
  run(rounds: number): void {
    for (let i = 0; i < rounds; i++) {
      this.put(6);
      this.disk.settle();
      if (this.fatal.length > 0) return;
      this.snapshot();
      this.disk.settle();
    }
  }

  /** The life after a crash now, on a copy of what the disk has. */
  next(): Life {
    return new Life(new MemoryDisk(this.disk.files), this.last, this.#snapshot);
  }

  get names(): string[] {
    return [...this.disk.files.keys()].map((path) => path.slice(DIR.length + 1)).sort();
  }

  get spares(): string[] {
    return this.names.filter(isSpare);
  }

  get lastFound(): number {
    const { batches } = this.opened.groups.get(GROUP_1)!;
    const last = batches.at(-1)!;
    return last.firstIndex + last.count - 1;
  }
}

test("spares: in the long run no segment is made or deleted, and nothing is written twice", () => {
  const life = new Life();
  life.run(10);
  const files = life.disk.files.size;
  life.disk.done.length = 0;
  life.run(50);
  const done = new Set(life.disk.done.map((operation) => operation.split(" ")[0]));
  expect([...done].sort()).toEqual([
    "open",
    "readAt",
    "rename",
    "sync",
    "syncDir",
    "syncNow",
    "write",
  ]);
  expect(Math.abs(life.disk.files.size - files)).toBeLessThanOrEqual(1);
  expect(life.next().lastFound).toBe(life.last);
});

test("spares: a crash at any point leaves a log that is read to its end, and goes on", () => {
  const life = new Life();
  life.run(8);
  let crashes = 0;
  for (let round = 0; round < 6; round++) {
    for (let i = 0; i < 7; i++) {
      if (i < 6) life.put();
      else life.snapshot();
      do {
        const next = life.next();
        expect(next.lastFound).toBe(life.last);
        next.run(2);
        expect(next.next().lastFound).toBe(next.last);
        crashes++;
      } while (life.disk.settleOne());
    }
  }
  expect(crashes).toBeGreaterThan(60);
  expect(life.fatal).toEqual([]);
});

test("spares: they outlive the process, and are used by the next one", () => {
  const life = new Life();
  life.run(10);
  const spares = life.spares.length;
  expect(spares).toBeGreaterThan(0);
  const next = life.next();
  next.disk.done.length = 0;
  next.run(1);
  expect(next.spares).not.toEqual(life.spares);
  expect(next.disk.done.filter((operation) => operation.startsWith("create"))).toEqual([]);
});

test("spares: no more than four are kept; what else goes is deleted", () => {
  const life = new Life();
  for (let i = 0; i < 60; i++) {
    life.put();
    life.disk.settle();
  }
  expect(life.names.length).toBeGreaterThan(10);
  life.snapshot();
  life.disk.settle();
  expect(life.spares.length).toBe(4);
  expect(life.names.length).toBeLessThanOrEqual(4 + 3);
});

test("spares: small segments, with which a log begins, are not kept", () => {
  const life = new Life(new MemoryDisk(), 0, null, { segmentSizes: { first: 1024, max: 16_384 } });
  life.put(20);
  life.disk.settle();
  life.snapshot();
  life.disk.settle();
  expect(life.names).not.toContain("wal-00000001.seg");
  expect(life.spares).toEqual([]);
});

test("spares: one that somebody has deleted, or of another length, is passed over", () => {
  for (const change of [
    (files: Map<string, Uint8Array>, path: string) => void files.delete(path),
    (files: Map<string, Uint8Array>, path: string) => void files.set(path, new Uint8Array(100)),
    (files: Map<string, Uint8Array>, path: string) =>
      void files.set(path, new Uint8Array(SEGMENT_BYTES + 8)),
  ]) {
    const life = new Life();
    life.run(10);
    life.disk.settle();
    const spares = life.spares;
    for (const name of spares) change(life.disk.files, `${DIR}/${name}`);
    life.run(6);
    expect(life.fatal).toEqual([]);
    for (const path of life.disk.files.keys()) {
      if (isSpare(path)) expect(life.disk.files.get(path)!.length).toBe(SEGMENT_BYTES);
    }
    expect(life.next().lastFound).toBe(life.last);
  }
});

describe("spares: a failure is told once", () => {
  const failures: readonly (readonly [DiskOperation, string, RegExp])[] = [
    ["rename", "EIO", /\.seg$/],
    ["rename", "EIO", /\.spare$/],
    ["sync", "EIO", /\.spare$/],
    ["write", "EIO", /\.spare$/],
    ["syncDir", "EIO", /./],
  ];
  test.each(failures)("%s: %s", (operation, code, which) => {
    const life = new Life();
    life.run(10);
    life.disk.failWith = (op, path) =>
      op === operation && which.test(path) ? diskError(code, path) : null;
    life.run(3);
    expect(life.fatal.map((error) => (error as Error & { code: string }).code)).toEqual([code]);
    const next = life.next();
    expect(next.lastFound).toBeGreaterThanOrEqual(life.last - 6);
    next.last = next.lastFound;
    next.run(3);
    expect(next.next().lastFound).toBe(next.last);
  });
});

test("spares: a log that is closed while one gets its header leaves it a spare", () => {
  const life = new Life();
  life.run(10);
  while (
    !life.disk.done.at(-1)!.startsWith("write wal") ||
    !life.disk.done.at(-1)!.endsWith(".spare")
  ) {
    life.put();
    if (!life.disk.done.at(-1)!.endsWith(".spare")) life.disk.settle();
    if (life.last > 200) throw new Error("no spare was taken");
  }
  life.opened.wal.close();
  const before = life.names;
  life.disk.settle();
  expect(life.names).toEqual(before);
  expect(life.disk.openFiles).toBe(0);
});

describe("spares: a damaged header of the last segment", () => {
  const damaged = (life: Life): Life => {
    const name = life.names.findLast((one) => one.endsWith(".seg"))!;
    life.disk.files.get(`${DIR}/${name}`)!.fill(0xff, 100, 200);
    return life.next();
  };

  test("does not matter while nothing is in it: it goes", () => {
    const life = new Life();
    life.run(10);
    const last = life.names.findLast((one) => one.endsWith(".seg"))!;
    while (life.names.findLast((one) => one.endsWith(".seg")) === last) {
      life.put();
      life.disk.settle();
    }
    expect(damaged(life).lastFound).toBe(life.last);
  });

  test("is refused once a record is in it", () => {
    const life = new Life();
    life.run(10);
    // Up to a record in a segment after which no other one is there yet.
    const isUsed = (name: string): boolean => {
      const file = segmentBytes(life.disk.files.get(`${DIR}/${name}`)!.slice());
      const { salt } = decodeSegmentHeader(file.bytes)!;
      return findRecord(file, SEGMENT_HEADER_BYTES, salt, null).kind === "record";
    };
    life.put();
    while (!isUsed(life.names.findLast((one) => one.endsWith(".seg"))!)) {
      life.disk.settle();
      life.put();
    }
    expect(life.next().lastFound).toBe(life.last);
    // Not even when the tag of its first record is damaged, too.
    const name = life.names.findLast((one) => one.endsWith(".seg"))!;
    for (const bits of [0, 0x90]) {
      life.disk.files.get(`${DIR}/${name}`)![SEGMENT_HEADER_BYTES]! ^= bits;
      expect(() => damaged(life)).toThrow("the segment header is damaged");
    }
  });
});
