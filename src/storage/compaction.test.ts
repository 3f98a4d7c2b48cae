import { expect, test } from "bun:test";
import { asGroup, asIndex, asNode, asTerm, GROUP_1, type GroupId } from "../lib/ids.ts";
import { Prng } from "../lib/prng.ts";
import type { SnapshotMeta } from "../raft/api.ts";
import type { LogWrite, OpenedWal } from "./log-storage.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { StorageError } from "./storage-error.ts";
import { batchOf, openOn, voteOf, writeOf } from "./test-log.ts";

const metaOf = (lastIndex: number, lastTerm: number): SnapshotMeta => ({
  lastIndex: asIndex(lastIndex),
  lastTerm: asTerm(lastTerm),
  membership: { voters: [asNode(1)], votersOutgoing: [], learners: [] },
});
const markOf = (writeSeq: number, meta: SnapshotMeta): LogWrite => ({
  ...writeOf(writeSeq),
  snapshot: meta,
});

function reopen(disk: MemoryDisk, snapshot: SnapshotMeta | null): OpenedWal {
  const snapshots = new Map(snapshot === null ? [] : [[GROUP_1, snapshot]]);
  return openOn(new MemoryDisk(disk.files), { snapshots });
}

/** Writes entries 1 … `count`, one a record, and settles. */
function filled(count: number): { disk: MemoryDisk; opened: OpenedWal } {
  const disk = new MemoryDisk();
  const opened = openOn(disk);
  commit(disk, opened, voteOf(1, 3, 2));
  for (let i = 1; i <= count; i++) commit(disk, opened, writeOf(i + 1, batchOf(i, 2, 1, 300, i)));
  return { disk, opened };
}

function commit(
  disk: MemoryDisk,
  { wal }: OpenedWal,
  write: LogWrite,
  group: GroupId = GROUP_1,
): void {
  let durable = -1;
  wal.append(group, write, (seq) => (durable = seq));
  wal.commit();
  disk.settle();
  expect(durable).toBe(write.writeSeq);
}

const segments = (disk: MemoryDisk): string[] =>
  [...disk.files.keys()].filter((path) => path.endsWith(".seg")).sort();
const entriesOf = (opened: OpenedWal): string =>
  opened.groups
    .get(GROUP_1)!
    .batches.map((b) => `${b.firstIndex}@${b.term}`)
    .join(" ");

test("compaction: segments that a snapshot covers go, and term and vote stay", () => {
  const { disk, opened } = filled(30);
  const before = segments(disk);
  const snapshot = metaOf(20, 2);
  commit(disk, opened, markOf(32, snapshot));
  const after = segments(disk);
  expect(after.length).toBeLessThan(before.length - 2);
  expect(before.slice(-after.length)).toEqual(after);
  const again = reopen(disk, snapshot);
  const { hardState, batches, snapshot: found } = again.groups.get(GROUP_1)!;
  expect(hardState as unknown).toEqual({ term: 3, votedFor: 2 });
  expect(found).toEqual(snapshot);
  expect(batches[0]!.firstIndex).toBeLessThanOrEqual(21);
  expect(batches.at(-1)!.firstIndex as number).toBe(30);
});

test("compaction: a log without its snapshot, or with an older one, is refused and left alone", () => {
  const { disk, opened } = filled(30);
  commit(disk, opened, markOf(32, metaOf(20, 2)));
  const files = [...disk.files].map(([path, bytes]) => `${path} ${Bun.hash(bytes)}`);
  expect(() => reopen(disk, null)).toThrow(StorageError);
  expect(() => reopen(disk, metaOf(10, 2))).toThrow("snapshot up to entry 20 is gone");
  expect([...disk.files].map(([path, bytes]) => `${path} ${Bun.hash(bytes)}`)).toEqual(files);
});

test("compaction: a crash at any point of it leaves a log that can be read and continued", () => {
  const { disk, opened } = filled(30);
  const snapshot = metaOf(25, 2);
  opened.wal.append(GROUP_1, markOf(32, snapshot), () => {});
  opened.wal.commit();
  const counts = new Set<number>();
  do {
    counts.add(disk.files.size);
    const copy = new MemoryDisk(disk.files);
    const again = openOn(copy, { snapshots: new Map([[GROUP_1, snapshot]]) });
    expect(again.groups.get(GROUP_1)!.batches.at(-1)!.firstIndex as number).toBe(30);
    commit(copy, again, writeOf(1, batchOf(31, 3, 1, 10, 1)));
    const third = openOn(copy, { snapshots: new Map([[GROUP_1, snapshot]]) });
    expect(entriesOf(third)).toEndWith("30@2 31@3");
    expect(third.groups.get(GROUP_1)!.hardState.votedFor as number).toBe(2);
  } while (disk.settleOne());
  expect(counts.size).toBeGreaterThan(2);
});

test("compaction: a leader's snapshot replaces a log that does not hold its last entry", () => {
  for (const { snapshot, kept } of [
    { snapshot: metaOf(30, 4), kept: "31@4" }, // Beyond the log.
    { snapshot: metaOf(6, 4), kept: "7@4" }, // In it, in another term: what follows is another history's.
    { snapshot: metaOf(6, 2), kept: "1@2 2@2 3@2 4@2 5@2 6@2 7@2 8@2 9@2 10@4" },
  ]) {
    const { disk, opened } = filled(9);
    commit(disk, opened, markOf(11, snapshot));
    const last = Number(/(\d+)@4$/.exec(kept)![1]);
    commit(disk, opened, writeOf(12, batchOf(last, 4, 1, 20, 1)));
    const shown = entriesOf(reopen(disk, snapshot));
    expect(kept.endsWith(shown), `${shown} of ${kept}`).toBe(true);
    expect(shown).toContain(`${last}@4`);
  }
});

test("compaction: a crash between a snapshot and its mark: the mark comes before what follows", () => {
  const { disk, opened } = filled(9);
  opened.wal.close();
  const snapshot = metaOf(6, 4); // Of a leader, over entries 6 … 9 of another history.
  const copy = new MemoryDisk(disk.files);
  const options = { snapshots: new Map([[GROUP_1, snapshot]]) };
  const second = openOn(copy, options);
  expect(entriesOf(second)).toBe("");
  commit(copy, second, writeOf(1, batchOf(7, 4, 1, 20, 1)));
  second.wal.close();
  expect(entriesOf(openOn(copy, options))).toBe("7@4");
});

test("compaction: random histories of writes, snapshots and restarts lose nothing that counts", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = new Prng(seed);
    const disk = new MemoryDisk();
    let opened = openOn(disk);
    let snapshot: SnapshotMeta | null = null;
    let term = 1;
    const terms: number[] = []; // By index - 1.
    let seq = 0;
    for (let step = 0; step < 120; step++) {
      const last = terms.length;
      const snapshotIndex: number = snapshot?.lastIndex ?? 0;
      if (random.chance(0.6)) {
        const first = random.chance(0.1) ? random.between(snapshotIndex + 1, last + 1) : last + 1;
        if (first <= last) term++;
        terms.length = first - 1;
        const count = 1 + random.below(3);
        for (let i = 0; i < count; i++) terms.push(term);
        commit(disk, opened, writeOf(++seq, batchOf(first, term, count, random.below(500), 1)));
      } else if (random.chance(0.4) && last > snapshotIndex) {
        const at = random.between(snapshotIndex + 1, last);
        snapshot = metaOf(at, terms[at - 1]!);
        if (random.chance(0.7)) commit(disk, opened, markOf(++seq, snapshot));
      } else if (random.chance(0.3)) {
        term++;
        commit(disk, opened, voteOf(++seq, term, 1 + random.below(3)));
      } else {
        opened.wal.close();
        seq = 0;
        opened = openOn(disk, {
          snapshots: new Map(snapshot === null ? [] : [[GROUP_1, snapshot]]),
        });
        const group = opened.groups.get(GROUP_1);
        const batches = group?.batches ?? [];
        const found = batches.flatMap((b) =>
          Array.from({ length: b.count }, () => b.term as number),
        );
        const first = batches[0]?.firstIndex ?? terms.length + 1;
        expect(first, `seed ${seed} step ${step}`).toBeLessThanOrEqual(snapshotIndex + 1);
        expect(found, `seed ${seed} step ${step}`).toEqual(terms.slice(first - 1));
      }
    }
    opened.wal.close();
  }
});

test("compaction: a group that writes little keeps the oldest segments until it has a snapshot, and is named", () => {
  const [busy, idle] = [asGroup(7), asGroup(8)];
  const disk = new MemoryDisk();
  const opened = openOn(disk);
  commit(disk, opened, { ...voteOf(1, 3, 2), batches: [batchOf(1, 3, 2, 10, 1)] }, idle);
  for (let i = 1; i <= 30; i++) commit(disk, opened, writeOf(i, batchOf(i, 2, 1, 300, i)), busy);
  const { wal } = opened;
  expect(wal.heldBy(0)).toEqual([idle, busy]);
  commit(disk, opened, markOf(31, metaOf(30, 2)), busy);
  const before = segments(disk);
  expect(before).toContain("/data/wal-00000001.seg");
  expect(wal.heldBy(0)).toEqual([idle]);
  // In bytes of segments of 2,048 each, the one that is written to left out.
  expect(wal.heldBy(2048 * (before.length - 2) - 1)).toEqual([idle]);
  expect(wal.heldBy(2048 * before.length)).toEqual([]);

  const again = openOn(new MemoryDisk(disk.files), { snapshots: new Map([[busy, metaOf(30, 2)]]) });
  expect(again.wal.heldBy(0)).toEqual([idle]);

  commit(disk, opened, markOf(2, metaOf(2, 3)), idle);
  expect(segments(disk)).not.toContain("/data/wal-00000001.seg");
  expect(wal.heldBy(0)).toEqual([]);
  const snapshots = new Map([
    [busy, metaOf(30, 2)],
    [idle, metaOf(2, 3)],
  ]);
  const last = openOn(new MemoryDisk(disk.files), { snapshots });
  expect(last.groups.get(idle)!.hardState as unknown).toEqual({ term: 3, votedFor: 2 });
  expect(last.groups.get(busy)!.snapshot).toEqual(metaOf(30, 2));
});

test("recovery: few entries that a snapshot leaves of a segment do not keep its buffer", () => {
  const sizes = { first: 1 << 20, max: 1 << 20 };
  const disk = new MemoryDisk();
  const { wal } = openOn(disk, { segmentSizes: sizes });
  for (let index = 1; index <= 100; index++) {
    wal.append(GROUP_1, writeOf(index, batchOf(index, 1, 1, 5_000, index)), () => {});
  }
  wal.commit();
  disk.settle();
  const bufferOf = (index: number): number => {
    const snapshots = index === 0 ? new Map() : new Map([[GROUP_1, metaOf(index, 1)]]);
    const opened = openOn(new MemoryDisk(disk.files), { segmentSizes: sizes, snapshots });
    const { batches } = opened.groups.get(GROUP_1)!;
    for (const { firstIndex, bytes } of batches) expect(bytes[10]).toBe(firstIndex & 0xff);
    return batches.at(-1)!.bytes.buffer.byteLength;
  };
  expect(bufferOf(96)).toBe(5 * 5_004); // Entry 96 itself, and those after it.
  expect(bufferOf(0)).toBeLessThan(1 << 20);
});
