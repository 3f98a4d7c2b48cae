import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { Prng } from "../lib/prng.ts";
import { UserError } from "../lib/user-error.ts";
import { PlainDisk } from "./plain-disk.ts";
import { findRecord, segmentBytes, RECORD_HEADER_BYTES } from "./record.ts";
import { decodeSegmentHeader, SEGMENT_HEADER_BYTES } from "./segment.ts";
import { StorageError } from "./storage-error.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { batchOf, openOn, voteOf, writeLog, writeOf } from "./test-log.ts";
import {
  EMPTY,
  type NodeState,
  openNode,
  readNode,
  same,
  Script,
  SNAPSHOT_DIR,
  WAL_DIR,
} from "./testing/node-data.ts";
import { VolatileDisk } from "./volatile-disk.ts";

/** Half a second each of pure computing; the machine may have other things to do. */
setDefaultTimeout(60_000);

/** Where a record lies. */
type Written = { readonly path: string; readonly from: number; readonly end: number };

type Data = {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly segments: readonly string[];
  readonly records: readonly Written[];
  /** What is durable once so many of `records` are, from 0 on. */
  readonly states: readonly NodeState[];
  /** Files that were deleted on the way. */
  readonly deleted: ReadonlyMap<string, Uint8Array>;
};

/** A directory in which each step of a script is a record of its own. */
function write(steps: number, snapshotEvery: number): Data {
  const platter = new PlainDisk();
  const queue: (() => void)[] = [];
  const disk = volatile(platter, queue);
  const deleted = new Map<string, Uint8Array>();
  disk.onPoint = (point, path) => {
    if (point === "unlink") deleted.set(path, disk.read(path));
  };
  const settle = (): void => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) next();
  };
  const script = new Script(openNode(disk, fail), settle, snapshotEvery);
  settle();
  const bySequence: NodeState[] = [script.durable];
  let sequence = 0;
  for (let step = 0; step < steps; step++) {
    script.run(1);
    const last = recordsOf(platter.files()).at(-1)!.sequence;
    // The second record of a step is a mark, which leaves the state as it is.
    while (sequence < last) bySequence[++sequence] = script.durable;
  }
  disk.syncDirNow(WAL_DIR);
  disk.syncDirNow(SNAPSHOT_DIR);
  const files = new Map([...platter.files()].map(([path, bytes]) => [path, bytes.slice()]));
  const records = recordsOf(files);
  const states = bySequence.slice(records[0]!.sequence - 1);
  const segments = [...files.keys()].filter((path) => path.endsWith(".seg")).sort();
  return { files, segments, records, states, deleted };
}

const fail = (error: Error): void => {
  throw error;
};

function volatile(platter: PlainDisk, queue: (() => void)[]): VolatileDisk {
  const later = (_operation: string, _bytes: number, work: () => void): void =>
    void queue.push(work);
  return new VolatileDisk(platter, { prng: new Prng(1), later });
}

function recordsOf(files: ReadonlyMap<string, Uint8Array>): (Written & { sequence: number })[] {
  const records: (Written & { sequence: number })[] = [];
  for (const path of [...files.keys()].filter((name) => name.endsWith(".seg")).sort()) {
    const file = segmentBytes(files.get(path)!.slice());
    const header = decodeSegmentHeader(file.bytes);
    if (header === null) continue;
    let from = SEGMENT_HEADER_BYTES;
    for (;;) {
      const found = findRecord(file, from, header.salt, null);
      if (found.kind !== "record") break;
      records.push({ path, from: found.at, end: found.end, sequence: found.sequence });
      from = found.end;
    }
  }
  return records;
}

/** What a node finds in these files; null when it refuses to start. */
function found(files: Iterable<readonly [string, Uint8Array]>): NodeState | null {
  try {
    return readNode(volatile(new PlainDisk(files), []));
  } catch (error) {
    if (error instanceof StorageError || error instanceof UserError) return null;
    throw error;
  }
}

const LOG = write(14, Infinity);
const COMPACTED = write(28, 12);
const FINAL = COMPACTED.states.at(-1)!;

test("the data: several segments, two groups; first ones used again, a snapshot, a second one before it", () => {
  expect(LOG.segments.length).toBeGreaterThan(3);
  expect(LOG.segments[0]).toEndWith("00000001.seg");
  expect(found(LOG.files)).toEqual(LOG.states.at(-1)!);
  expect(COMPACTED.segments.length).toBeGreaterThan(3);
  expect(COMPACTED.segments[0]).not.toEndWith("00000001.seg");
  expect(found(COMPACTED.files)).toEqual(FINAL);
  expect(FINAL.two.entries.length).toBeGreaterThan(1);
  // The last records stand in a segment that still holds older ones beyond them.
  const { path, end } = COMPACTED.records.at(-1)!;
  const beyond = COMPACTED.files.get(path)!.subarray(Math.ceil(end / 512) * 512);
  expect(beyond.length).toBe(1024);
  for (let at = 0; at < beyond.length; at += 512)
    expect(beyond.subarray(at, at + 4)).not.toEqual(new Uint8Array(4));
  const snapshots = (paths: Iterable<string>) => [...paths].filter((p) => p.endsWith(".snap"));
  expect(snapshots(COMPACTED.files.keys()).length).toBe(1);
  expect(snapshots(COMPACTED.deleted.keys()).length).toBe(1);
});

/** The newest snapshot's entries. */
function snapshotOf({ files }: Data): NodeState["one"] {
  const only = [...files].filter(([path]) => path.startsWith(SNAPSHOT_DIR));
  if (only.length === 0) return EMPTY.one;
  const first = COMPACTED.records[0]!;
  const head = COMPACTED.files.get(first.path)!.slice(0, first.end);
  return found([...only, [first.path, head]])!.one;
}

/** What a log that ends in this state comes to with a snapshot that may be newer. */
function withSnapshot({ one, two }: NodeState, snapshot: NodeState["one"]): NodeState {
  const last = snapshot.entries.at(-1);
  if (last === undefined) return { one, two };
  const at = one.entries[snapshot.entries.length - 1];
  const entries = at?.term === last.term ? one.entries : snapshot.entries;
  const { term, votedFor } = last.term > one.term ? { term: last.term, votedFor: 0 } : one;
  return { one: { term, votedFor, entries }, two };
}

describe("a log cut at any byte", () => {
  // 1: every byte. The compacted one, slower for its snapshot, is there for what a cut comes to.
  test.each([
    ["whole", LOG, 1],
    ["compacted", COMPACTED, 5],
  ] as const)(
    "later segments absent (%s): every record before the cut is there, no other",
    (_, data, step) => {
      const { files, segments, records, states } = data;
      const snapshot = snapshotOf(data);
      for (const [k, path] of segments.entries()) {
        const others = [...files].filter(([p]) => !segments.includes(p) || segments.indexOf(p) < k);
        const whole = files.get(path)!;
        for (let at = 0; at <= whole.length; at += step) {
          const before = records.filter((r) => r.path < path || (r.path === path && r.end <= at));
          const state = found([...others, [path, whole.subarray(0, at)]]);
          // Without the record that came durably before an older segment went, terms and votes are gone.
          if (data === COMPACTED && before.length === 0) expect(state, `${path} ${at}`).toBeNull();
          else if (!same(state ?? EMPTY, withSnapshot(states[before.length]!, snapshot))) {
            throw new Error(`cut at ${path} ${at}: ${JSON.stringify(state)}`);
          }
        }
      }
    },
  );

  test("later segments there: refused, unless it loses nothing", () => {
    const { files, segments, records } = COMPACTED;
    const last = records.at(-1)!.path;
    for (const path of segments.filter((segment) => segment < last)) {
      const end = Math.max(...records.filter((r) => r.path === path).map((r) => r.end));
      const whole = files.get(path)!;
      for (let at = 0; at <= whole.length; at += at >= end - 8 && at <= end + 8 ? 1 : 5) {
        const state = found([...files, [path, whole.subarray(0, at)]]);
        if (at < end) expect(state, `${path} ${at}`).toBeNull();
        else expect(state, `${path} ${at}`).toEqual(FINAL);
      }
    }
  });
});

/** Flips each bit of the given bytes, one after the other. Returns how often the node refused. */
function flipEach(
  files: ReadonlyMap<string, Uint8Array>,
  path: string,
  offsets: Iterable<number>,
  wanted: NodeState,
): number {
  let refused = 0;
  const bytes = files.get(path)!.slice();
  const changed = [...files, [path, bytes]] as const;
  for (const at of offsets) {
    for (let bit = 0; bit < 8; bit++) {
      bytes[at]! ^= 1 << bit;
      const state = found(changed as Iterable<readonly [string, Uint8Array]>);
      bytes[at]! ^= 1 << bit;
      if (state === null) refused++;
      else if (!same(state, wanted))
        throw new Error(`${path} ${at}.${bit}: ${JSON.stringify(state)}`);
    }
  }
  return refused;
}

function* range(from: number, to: number): Generator<number> {
  for (let at = from; at < to; at++) yield at;
}

function sample(length: number, share: number): number[] {
  const random = new Prng(length);
  return Array.from({ length: Math.ceil(length * share) }, () => random.below(length));
}

describe("a flipped bit is refused or loses nothing", () => {
  test("in the header of a segment", () => {
    const { files, segments, states } = LOG;
    for (const path of segments) {
      const refused = flipEach(files, path, range(0, SEGMENT_HEADER_BYTES), states.at(-1)!);
      // A spare segment may go.
      if (path !== segments.at(-1)) expect(refused).toBe(SEGMENT_HEADER_BYTES * 8);
    }
  });

  test("in the header of a record", () => {
    for (const { path, from } of LOG.records) {
      const flip = (start: number, end: number): number =>
        flipEach(LOG.files, path, range(from + start, from + end), LOG.states.at(-1)!);
      // Its tag is not needed while all the rest is right.
      expect(flip(0, 4)).toBe(0);
      expect(flip(4, RECORD_HEADER_BYTES)).toBe((RECORD_HEADER_BYTES - 4) * 8);
    }
  });

  test("in 1 % of all bytes of the log", () => {
    for (const path of COMPACTED.segments) {
      const { files } = COMPACTED;
      flipEach(files, path, sample(files.get(path)!.length, 0.01), FINAL);
    }
  });

  test("which is the only one of a sector of the last record", () => {
    // Without it the sector looks like one that was never written.
    const batch = batchOf(1, 1, 1, 3_000, 0);
    batch.bytes[1_500] = 4;
    const { files, ends } = writeLog([voteOf(1, 1, 2), writeOf(2, batch)]);
    const { path, offset } = ends[1]!;
    const bytes = files.get(path)!;
    // The record ends with what is left of the batch, and no more than 8 bytes of its own.
    const at = bytes.indexOf(4, offset - 3_000 + 1_400);
    for (let bit = 0; bit < 8; bit++) {
      bytes[at]! ^= 1 << bit;
      expect(() => openOn(new MemoryDisk(files)), `${path} ${at}.${bit}`).toThrow(StorageError);
      bytes[at]! ^= 1 << bit;
    }
  });

  test("anywhere in a snapshot", () => {
    const path = [...COMPACTED.files.keys()].find((p) => p.endsWith(".snap"))!;
    const length = COMPACTED.files.get(path)!.length;
    expect(flipEach(COMPACTED.files, path, range(0, length), FINAL)).toBe(length * 8);
    // With the snapshot before it, as after a loss of power before its name was durably gone.
    const both = new Map([...COMPACTED.deleted, ...COMPACTED.files]);
    for (const old of both.keys()) {
      if (!old.endsWith(".snap") && !COMPACTED.files.has(old)) both.delete(old);
    }
    expect(both.size).toBe(COMPACTED.files.size + 1);
    flipEach(both, path, sample(length, 0.2), FINAL);
  });
});

test("a snapshot cut at any byte is refused", () => {
  const path = [...COMPACTED.files.keys()].find((p) => p.endsWith(".snap"))!;
  const whole = COMPACTED.files.get(path)!;
  for (let at = 0; at < whole.length; at++) {
    expect(found([...COMPACTED.files, [path, whole.subarray(0, at)]]), `${at}`).toBeNull();
  }
});
