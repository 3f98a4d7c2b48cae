import { assert } from "../../lib/assert.ts";
import { asIndex, asNode, asTerm, type LogIndex, plus } from "../../lib/ids.ts";
import type { HardState, Ready, Restored, SnapshotMeta } from "../api.ts";
import { RaftLog } from "../log.ts";
import type { EntryBatch } from "../types.ts";

type Write = Pick<Ready, "writeSeq" | "hardState" | "batches" | "snapshot">;
type Chunk = Ready["snapshotWrites"][number];
type File = { readonly meta: SnapshotMeta; readonly data: Uint8Array };

/** What one node keeps across crashes, and the writes that are not there yet. */
export class TestDisk {
  hardState: HardState = { term: asTerm(0), votedFor: asNode(0) };
  log = new RaftLog();
  /** Snapshot files by last index; durable as soon as they are complete. */
  readonly files = new Map<LogIndex, File>();
  writes: Write[] = [];
  #arriving: Chunk[] = [];

  /** Makes the oldest pending write durable and returns its number, or 0. */
  sync(): number {
    const write = this.writes.shift();
    if (write === undefined) return 0;
    if (write.hardState !== null) this.hardState = write.hardState;
    if (write.snapshot !== null) this.#compact(write.snapshot);
    const first = write.batches[0];
    if (first !== undefined) this.log.append(plus(first.firstIndex, -1), write.batches);
    return write.writeSeq;
  }

  crash(): void {
    this.writes = [];
    this.#arriving = [];
  }

  restored(): Restored {
    const { hardState, log } = this;
    const batches: readonly EntryBatch[] =
      log.lastIndex > log.compactedIndex ? log.from(plus(log.compactedIndex, 1), Infinity) : [];
    return { hardState, snapshot: this.newest()?.meta ?? null, batches };
  }

  newest(): File | undefined {
    return this.files.get(asIndex(Math.max(0, ...this.files.keys())));
  }

  /** Whether the entry is on this disk, as itself or within a snapshot. */
  holds(index: LogIndex, term: number): boolean {
    const snapshotIndex = this.newest()?.meta.lastIndex ?? 0;
    return index <= snapshotIndex || this.log.termAt(index) === term;
  }

  save(meta: SnapshotMeta, state: readonly number[]): void {
    this.files.set(meta.lastIndex, { meta, data: encodeState(state) });
  }

  /** Takes a chunk; returns the state when it was the last one. */
  receive(chunk: Chunk): readonly number[] | null {
    if (chunk.offset === 0) this.#arriving = [];
    const size = this.#arriving.reduce((sum, { data }) => sum + data.length, 0);
    assert(chunk.offset === size, `chunk at ${chunk.offset} after ${size} bytes`);
    this.#arriving.push(chunk);
    if (chunk.offset + chunk.data.length < chunk.totalBytes) return null;
    const data = new Uint8Array(this.#arriving.flatMap((part) => [...part.data]));
    this.#arriving = [];
    return [...new Uint32Array(data.buffer)];
  }

  /** The rule of Ready.snapshot. */
  #compact({ lastIndex, lastTerm }: SnapshotMeta): void {
    const { log } = this;
    if (log.termAt(lastIndex) === lastTerm) {
      log.commitTo(lastIndex);
      log.compactTo(lastIndex);
    } else {
      log.replaceBy(lastIndex, lastTerm);
    }
  }
}

/** The state of the test's state machine: the term of each applied entry. */
const encodeState = (state: readonly number[]): Uint8Array =>
  new Uint8Array(new Uint32Array(state).buffer);
