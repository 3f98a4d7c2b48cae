import { asIndex, asTerm, type LogIndex, NO_NODE, plus } from "../lib/ids.ts";
import type { HardState, Restored, SnapshotMeta } from "../raft/api.ts";
import { lastIndexOf, sliceBatch } from "../raft/batch.ts";
import type { EntryBatch } from "../raft/types.ts";
import { WireError } from "../wire/bytes.ts";
import type { LogMark } from "./log-storage.ts";

/** One group's state while recovery reads the writes of it, oldest first. */
export class GroupLog {
  #hardState: HardState = { term: asTerm(0), votedFor: NO_NODE };
  readonly #batches: EntryBatch[] = [];
  #mark: LogMark | null = null;

  setHardState(state: HardState): void {
    if (state.term < this.#hardState.term) {
      throw new WireError(`term ${state.term} after term ${this.#hardState.term}`);
    }
    this.#hardState = state;
  }

  /**
   * Takes the next batch that was written; it replaces what was at its first index and beyond (a
   * leader of a later term overwrote it). Throws WireError when it would leave a gap. The first one
   * may be any: what was before it went with the segments that a snapshot covers.
   */
  append(batch: EntryBatch): void {
    const batches = this.#batches;
    while (batches.length > 0 && batches[batches.length - 1]!.firstIndex >= batch.firstIndex) {
      batches.pop();
    }
    const last = batches[batches.length - 1];
    const next = last === undefined ? batch.firstIndex : plus(lastIndexOf(last), 1);
    if (batch.firstIndex > next) {
      throw new WireError(`entry ${batch.firstIndex} follows entry ${next - 1}`);
    }
    if (last !== undefined && batch.firstIndex < next) {
      const keep = plus(batch.firstIndex, -1);
      batches[batches.length - 1] = sliceBatch(last, last.firstIndex, keep);
    }
    batches.push(batch);
  }

  /**
   * The log begins after a snapshot whose last entry this is. If it does not hold that entry, a
   * leader's snapshot has replaced it. Marks are repeated: an old one changes nothing.
   */
  setMark(mark: LogMark): void {
    if (this.#mark === null || mark.lastIndex >= this.#mark.lastIndex) this.#mark = mark;
    this.#dropReplaced(mark);
  }

  #dropReplaced(mark: LogMark): void {
    const first = this.#batches[0]?.firstIndex ?? Infinity;
    if (first <= mark.lastIndex && this.#termAt(mark.lastIndex) !== mark.lastTerm) {
      this.#batches.length = 0;
    }
  }

  /** The newest mark in the log; null: there was none. */
  get mark(): LogMark | null {
    return this.#mark;
  }

  /**
   * What is left with `snapshot`, the newest that is durable. Throws WireError when entries between
   * it and the log are gone.
   */
  restored(snapshot: SnapshotMeta | null): Restored {
    const snapshotIndex = snapshot?.lastIndex ?? asIndex(0);
    if (this.#mark !== null && this.#mark.lastIndex > snapshotIndex) {
      throw new WireError(`the snapshot up to entry ${this.#mark.lastIndex} is gone`);
    }
    if (snapshot !== null) this.#dropReplaced(snapshot);
    const first = this.#batches[0]?.firstIndex ?? plus(snapshotIndex, 1);
    if (first > snapshotIndex + 1) {
      throw new WireError(
        `the log begins at entry ${first}, its snapshot ends at ${snapshotIndex}`,
      );
    }
    let hardState = this.#hardState;
    // A leader's snapshot may become durable before the term in which it came: no vote was given or
    // ack sent in that term then.
    if (snapshot !== null && snapshot.lastTerm > hardState.term) {
      hardState = { term: snapshot.lastTerm, votedFor: NO_NODE };
    }
    // A crash may have come before the segments were deleted: a node must not start with all of them.
    const needed = this.#batches.findIndex((batch) => lastIndexOf(batch) >= snapshotIndex);
    const batches = needed < 0 ? [] : ownBytes(this.#batches.slice(needed));
    return { hardState, snapshot, batches };
  }

  /** 0: the log does not hold that entry. */
  #termAt(index: LogIndex): number {
    const batch = this.#batches.find((b) => b.firstIndex <= index && lastIndexOf(b) >= index);
    return batch?.term ?? 0;
  }
}

/**
 * The batches, with copies of their bytes where little of a file is left. They are views of it, and
 * one of them keeps a whole segment of 32 MiB in memory; where most of the segment is needed anyway, a
 * copy would only cost time, and twice the memory for a while.
 */
function ownBytes(batches: readonly EntryBatch[]): EntryBatch[] {
  const needed = new Map<ArrayBufferLike, number>();
  for (const { bytes } of batches) {
    needed.set(bytes.buffer, (needed.get(bytes.buffer) ?? 0) + bytes.length);
  }
  const copies = new Map<ArrayBufferLike, { readonly to: Uint8Array<ArrayBuffer>; used: number }>();
  for (const [file, length] of needed) {
    if (2 * length < file.byteLength) copies.set(file, { to: new Uint8Array(length), used: 0 });
  }
  if (copies.size === 0) return [...batches];
  return batches.map((batch) => {
    const copy = copies.get(batch.bytes.buffer);
    if (copy === undefined) return batch;
    const from = copy.used;
    copy.to.set(batch.bytes, from);
    copy.used += batch.bytes.length;
    return { ...batch, bytes: copy.to.subarray(from, copy.used) };
  });
}
