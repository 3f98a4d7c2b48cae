import { broken } from "../lib/assert.ts";
import { asIndex, asNode, asTerm, GROUP_1, type GroupId } from "../lib/ids.ts";
import { ENTRY_HEADER_BYTES } from "../raft/batch.ts";
import type { EntryBatch } from "../raft/types.ts";
import type { FilePort } from "./file-port.ts";
import type { LogWrite, OpenedWal, StorageIdentity, WalOptions } from "./log-storage.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { openWal } from "./wal.ts";

/** What the tests of this folder share: small logs on a disk in memory. */
export const DIR = "/data";
export const IDENTITY: StorageIdentity = { clusterId: "cluster-a", nodeId: asNode(1) };

/** A batch of `count` entries of `size` bytes; `fill` tells batches apart, 0 makes them all zeros. */
export function batchOf(
  firstIndex: number,
  term: number,
  count: number,
  size: number,
  fill: number,
): EntryBatch {
  const bytes = new Uint8Array(count * (ENTRY_HEADER_BYTES + size)).fill(fill);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < count; i++) view.setUint32(i * (ENTRY_HEADER_BYTES + size), size, true);
  return { firstIndex: asIndex(firstIndex), term: asTerm(term), kind: 0, count, bytes };
}

export function writeOf(writeSeq: number, ...batches: readonly EntryBatch[]): LogWrite {
  return { writeSeq, hardState: null, snapshot: null, batches };
}

export function voteOf(writeSeq: number, term: number, votedFor: number): LogWrite {
  return {
    writeSeq,
    hardState: { term: asTerm(term), votedFor: asNode(votedFor) },
    snapshot: null,
    batches: [],
  };
}

export function openOn(disk: FilePort, options: Partial<WalOptions> = {}): OpenedWal {
  return openWal({
    port: disk,
    dir: DIR,
    identity: IDENTITY,
    now: () => 0,
    onFatal: (error) => {
      throw error;
    },
    segmentSizes: { first: 2048, max: 2048 },
    ...options,
  });
}

/** The recovered groups as plain values that compare by content. */
export function stateOf(opened: OpenedWal): string {
  const groups = [...opened.groups].map(([group, { hardState, batches }]) => ({
    group,
    hardState,
    batches: batches.map((b) => ({ ...b, bytes: Buffer.from(b.bytes).toString("hex") })),
  }));
  return JSON.stringify(groups);
}

export type WrittenLog = {
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** What recovery must find after record n, from 0: nothing. */
  readonly states: readonly string[];
  /** Where record n + 1 ends: its segment's path, and the offset there. */
  readonly ends: readonly { readonly path: string; readonly offset: number }[];
};

/** Writes each of `writes` as a record of its own. */
export function writeLog(
  writes: readonly LogWrite[],
  group: GroupId = GROUP_1,
  options: Partial<WalOptions> = {},
): WrittenLog {
  const disk = new MemoryDisk();
  const { wal } = openOn(disk, options);
  const states = [stateOf(openOn(new MemoryDisk(disk.files), options))];
  const ends: { path: string; offset: number }[] = [];
  let durableSeq = 0;
  let wrote = { path: "", offset: 0 };
  const write = disk.write.bind(disk);
  disk.write = (file, bytes, start, end, position) => {
    write(file, bytes, start, end, position);
    const name = disk.done.at(-1)!.split(" ")[1]!;
    wrote = { path: `${DIR}/${name}`, offset: position + end - start };
  };
  for (const one of writes) {
    wal.append(group, one, (seq) => {
      durableSeq = seq;
      ends.push(wrote);
    });
    wal.commit();
    // Not more than it takes: the next segment, made ahead, would be the last write.
    while (durableSeq !== one.writeSeq)
      if (!disk.settleOne()) broken(`${one.writeSeq} is not durable`);
    states.push(stateOf(openOn(new MemoryDisk(disk.files), options)));
  }
  disk.settle();
  return { files: disk.files, states, ends };
}
