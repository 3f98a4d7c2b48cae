import { consume } from "../../src/bench/measure.ts";
import { asIndex, asTerm, GROUP_1 } from "../../src/lib/ids.ts";
import type { Prng } from "../../src/lib/prng.ts";
import { RaftLog } from "../../src/raft/log.ts";
import { ENTRY_COMMAND, type EntryBatch } from "../../src/raft/types.ts";
import { openWal } from "../../src/storage/wal.ts";
import { entriesOf, IDENTITY } from "../storage/log.ts";
import { NullDisk } from "./null-disk.ts";
import type { MicroTask } from "./tasks.ts";

const BATCHES = 512;
const CONFLICTS = 64;
const ENTRY_BYTES = 256;
const WRITES = 256;

/** The log in memory, and what the write-ahead log adds before it meets a disk. */
export function logTasks(prng: Prng): MicroTask[] {
  const batches = contiguous(prng);
  const payloads = Array.from({ length: 64 }, () => entriesOf(1, ENTRY_BYTES, prng.u32()));
  let kept = new RaftLog();
  return [
    {
      name: "log: append a batch of 1 to 16 entries",
      body: () => {
        kept = new RaftLog();
        let prev = 0;
        for (const batch of batches) {
          kept.append(asIndex(prev), [batch]);
          prev += batch.count;
        }
        consume(kept.lastIndex);
        return batches.length;
      },
    },
    { name: "log: append that replaces up to 8 batches", body: () => conflicts(prng, batches) },
    { name: "log: a batch that it has already", body: () => duplicates(kept, batches) },
    { name: "WAL: append of one entry of 256 B, no disk", body: walAppends(payloads) },
  ];
}

/** Batches of 1 to 16 entries, from index 1 on. */
function contiguous(prng: Prng): EntryBatch[] {
  let next = 1;
  return Array.from({ length: BATCHES }, () => {
    const count = prng.between(1, 16);
    const bytes = entriesOf(count, 32, prng.u32());
    const firstIndex = asIndex(next);
    next += count;
    return { firstIndex, term: asTerm(1), kind: ENTRY_COMMAND, count, bytes };
  });
}

/** What follows a batch, up to 8 of them, gives way to one of a higher term, again and again. */
function conflicts(prng: Prng, batches: readonly EntryBatch[]): number {
  const log = new RaftLog();
  log.append(asIndex(0), batches);
  const tail = batches.slice(-8);
  for (let i = 0; i < CONFLICTS; i++) {
    const from = tail[prng.below(tail.length)]!.firstIndex;
    const term = asTerm(2 + i);
    const rest = tail.filter(({ firstIndex }) => firstIndex >= from);
    log.append(
      asIndex(from - 1),
      rest.map((batch) => ({ ...batch, term })),
    );
  }
  consume(log.lastTerm);
  return CONFLICTS;
}

function duplicates(log: RaftLog, batches: readonly EntryBatch[]): number {
  let sum = 0;
  for (let round = 0; round < 4; round++) {
    for (const batch of batches) sum += log.append(asIndex(batch.firstIndex - 1), [batch]);
  }
  consume(sum);
  return 4 * batches.length;
}

/** Each entry is a record of its own, as with a single client. */
function walAppends(payloads: readonly Uint8Array[]): () => number {
  const disk = new NullDisk();
  const fail = (error: Error): never => {
    throw error;
  };
  const now = (): number => performance.now();
  const { wal } = openWal({ port: disk, dir: "log", identity: IDENTITY, now, onFatal: fail });
  disk.settle();
  let [index, durable] = [0, 0];
  return () => {
    for (let i = 0; i < WRITES; i++) {
      index++;
      const bytes = payloads[index % payloads.length]!;
      const batch: EntryBatch = {
        firstIndex: asIndex(index),
        term: asTerm(1),
        kind: ENTRY_COMMAND,
        count: 1,
        bytes,
      };
      const write = { writeSeq: index, hardState: null, snapshot: null, batches: [batch] };
      wal.append(GROUP_1, write, () => void durable++);
      wal.commit();
      disk.settle();
    }
    if (durable !== index) throw new Error(`${durable} of ${index} entries are durable`);
    return WRITES;
  };
}
