import { broken } from "../lib/assert.ts";
import { asIndex, asTerm, type LogIndex, minIndex, plus, type Term } from "../lib/ids.ts";
import { joinBatches, lastIndexOf, sliceBatch } from "./batch.ts";
import { ENTRY_COMMAND, type EntryBatch } from "./types.ts";

/**
 * The in-memory log, as batches, from where it was compacted: at the newest snapshot or, so that a
 * slow follower needs none, somewhat below it. The WAL holds the same entries on disk, but the core
 * never reads the disk: everything it can still need is here.
 *
 * Invariants: batches are contiguous from compactedIndex + 1; terms never decrease;
 * compactedIndex <= commitIndex <= lastIndex; entries up to commitIndex never change.
 */
export class RaftLog {
  compactedIndex = asIndex(0);
  compactedTerm = asTerm(0);
  commitIndex = asIndex(0);
  readonly #batches: EntryBatch[] = [];
  /** The run of small batches that `gatherTo` is collecting: from this index to before that one. */
  #gatherFrom = asIndex(1);
  #gatherNext = asIndex(1);
  #gatherBytes = 0;

  get lastIndex(): LogIndex {
    const last = this.#batches[this.#batches.length - 1];
    return last === undefined ? this.compactedIndex : lastIndexOf(last);
  }

  get lastTerm(): Term {
    return this.#batches[this.#batches.length - 1]?.term ?? this.compactedTerm;
  }

  /** Term of the entry at `index`; -1 when the index is compacted away or past the end. */
  termAt(index: LogIndex): number {
    if (index === this.compactedIndex) return this.compactedTerm;
    if (index < this.compactedIndex || index > this.lastIndex) return -1;
    return this.#batches[this.#find(index)]!.term;
  }

  /**
   * Entries from `first` on: whole batches (the first one may be cut at its front) until
   * `bytesMax` is reached; at least one batch if there is one, however large. Not past `last`.
   */
  from(first: LogIndex, bytesMax: number, last: LogIndex = this.lastIndex): readonly EntryBatch[] {
    if (first <= this.compactedIndex) broken(`read of compacted index ${first}`);
    const out: EntryBatch[] = [];
    let bytes = 0;
    let next = first;
    for (let i = first > last ? this.#batches.length : this.#find(first); next <= last; i++) {
      const whole = this.#batches[i]!;
      const batch = sliceBatch(whole, next, minIndex(lastIndexOf(whole), last));
      bytes += batch.bytes.length;
      if (out.length > 0 && bytes > bytesMax) break;
      out.push(batch);
      next = plus(next, batch.count);
    }
    return out;
  }

  /**
   * Replaces whatever follows `prevIndex` where it conflicts, and appends the rest (paper §5.3).
   * Entries already present with the same term are left alone, so a delayed or duplicated
   * AppendEntries cannot cut off entries that were acknowledged after it was sent.
   * The caller has checked that (prevIndex, prevTerm) matches. Returns the first index that is new
   * to this log, or 0 when it held everything.
   */
  append(prevIndex: LogIndex, batches: readonly EntryBatch[]): LogIndex {
    let firstNew = asIndex(0);
    let expected = plus(prevIndex, 1);
    for (const batch of batches) {
      if (batch.firstIndex !== expected)
        broken(`gap: batch at ${batch.firstIndex}, not ${expected}`);
      expected = plus(expected, batch.count);
      if (firstNew > 0) {
        this.#batches.push(batch);
        continue;
      }
      const differs = this.#firstDifference(batch);
      if (differs === 0) continue;
      if (differs <= this.commitIndex) broken(`conflict at committed index ${differs}`);
      this.#truncateFrom(differs);
      this.#batches.push(sliceBatch(batch, differs, lastIndexOf(batch)));
      firstNew = differs;
    }
    return firstNew;
  }

  /** Advances commitIndex; a lower value is a late message and is ignored. */
  commitTo(index: LogIndex): void {
    if (index <= this.commitIndex) return;
    if (index > this.lastIndex) broken(`commit ${index} beyond last index ${this.lastIndex}`);
    this.commitIndex = index;
  }

  /**
   * The largest index <= `index` whose term is <= `term`: the last place where this log can still
   * agree with a log that holds `term` at `index`, because terms never decrease along a log.
   * Never steps below compactedIndex, where it knows no terms.
   */
  lastIndexWithTermAtMost(index: LogIndex, term: Term): LogIndex {
    const at = minIndex(index, this.lastIndex);
    if (at <= this.compactedIndex) return at;
    for (let i = this.#find(at); i >= 0; i--) {
      const batch = this.#batches[i]!;
      if (batch.term <= term) return minIndex(at, lastIndexOf(batch));
    }
    return this.compactedIndex;
  }

  /**
   * Makes of runs of small batches up to `index`, which is applied, batches of at least `bytes`. Under a
   * moderate load a batch is what one turn of the event loop brought, a few hundred bytes: tens of
   * thousands of them, each an object, a view and the network chunk that it is a view of, made full
   * collections stop a node for 30 ms. A batch of a quarter of `bytes` stays as it is.
   */
  gatherTo(index: LogIndex, bytes: number): void {
    if (this.#gatherNext <= this.compactedIndex) this.#gatherAnew(plus(this.compactedIndex, 1));
    if (this.#gatherNext > index) return;
    for (let i = this.#find(this.#gatherNext); i < this.#batches.length; i++) {
      const batch = this.#batches[i]!;
      const next = plus(lastIndexOf(batch), 1);
      if (next > plus(index, 1)) return;
      const begun = this.#batches[this.#find(this.#gatherFrom)]!;
      if (batch.term !== begun.term || batch.kind !== begun.kind) {
        this.#gatherAnew(batch.firstIndex);
      }
      if (4 * batch.bytes.length >= bytes || batch.kind !== ENTRY_COMMAND) {
        this.#gatherAnew(next);
        continue;
      }
      this.#gatherNext = next;
      this.#gatherBytes += batch.bytes.length;
      if (this.#gatherBytes < bytes) continue;
      const first = this.#find(this.#gatherFrom);
      this.#batches.splice(first, i + 1 - first, joinBatches(this.#batches.slice(first, i + 1)));
      i = first;
      this.#gatherAnew(next);
    }
  }

  #gatherAnew(from: LogIndex): void {
    this.#gatherFrom = this.#gatherNext = from;
    this.#gatherBytes = 0;
  }

  /** Forgets the entries up to `index`, a committed one, which a snapshot stands for (paper §7). */
  compactTo(index: LogIndex): void {
    if (index <= this.compactedIndex) return;
    if (index > this.commitIndex)
      broken(`compact ${index} beyond commit index ${this.commitIndex}`);
    this.compactedTerm = asTerm(this.termAt(index));
    const batches = this.#batches;
    let count = 0;
    while (count < batches.length && lastIndexOf(batches[count]!) <= index) count++;
    batches.splice(0, count);
    const first = batches[0];
    if (first !== undefined && first.firstIndex <= index) {
      batches[0] = sliceBatch(first, plus(index, 1), lastIndexOf(first));
    }
    this.compactedIndex = index;
    if (this.#gatherFrom <= index) this.#gatherAnew(plus(index, 1));
  }

  /** Starts over behind a snapshot that this log does not agree with: nothing is kept. */
  replaceBy(lastIndex: LogIndex, lastTerm: Term): void {
    if (lastIndex <= this.commitIndex) broken(`${lastIndex} would replace committed entries`);
    this.#batches.length = 0;
    this.#gatherAnew(plus(lastIndex, 1));
    this.compactedIndex = this.commitIndex = lastIndex;
    this.compactedTerm = lastTerm;
  }

  /**
   * How far the log below the snapshot at `snapshotIndex` may go: the newest `trailingBytes` stay,
   * and up to `neededBytesMax` of what follows `neededIndex`. At the end of a batch.
   */
  compactionIndex(
    snapshotIndex: LogIndex,
    trailingBytes: number,
    neededIndex: LogIndex,
    neededBytesMax: number,
  ): LogIndex {
    let bytes = 0;
    for (let i = this.#find(snapshotIndex); i >= 0; i--) {
      const batch = this.#batches[i];
      if (batch === undefined) break; // The log is empty.
      const last = minIndex(lastIndexOf(batch), snapshotIndex);
      bytes += batch.bytes.length;
      if (bytes > (last > neededIndex ? neededBytesMax : trailingBytes)) return last;
    }
    return this.compactedIndex;
  }

  /** First index of `batch` that this log lacks or holds in another term; 0 when there is none. */
  #firstDifference(batch: EntryBatch): LogIndex {
    const last = lastIndexOf(batch);
    let at = batch.firstIndex;
    // What was compacted was committed, and committed entries agree.
    if (at <= this.compactedIndex) at = plus(this.compactedIndex, 1);
    while (at <= last) {
      if (at > this.lastIndex) return at;
      const held = this.#batches[this.#find(at)]!;
      if (held.term !== batch.term) return at;
      at = plus(lastIndexOf(held), 1);
    }
    return asIndex(0);
  }

  #truncateFrom(index: LogIndex): void {
    const batches = this.#batches;
    while (batches.length > 0) {
      const last = batches[batches.length - 1]!;
      if (lastIndexOf(last) < index) return;
      batches.pop();
      if (last.firstIndex < index) {
        batches.push(sliceBatch(last, last.firstIndex, plus(index, -1)));
        return;
      }
    }
  }

  /** Position of the batch that holds `index`, which is within the log. */
  #find(index: LogIndex): number {
    const batches = this.#batches;
    let low = 0;
    let high = batches.length - 1;
    // Nearly every look-up is of the newest batch.
    if (high >= 0 && batches[high]!.firstIndex <= index) return high;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (batches[middle]!.firstIndex <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
