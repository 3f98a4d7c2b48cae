import { eachEntry } from "../raft/batch.ts";
import type { EntryBatch } from "../raft/types.ts";
import { hashBytes } from "./hash-bytes.ts";

/** Entries in order, as the monitor knows them: from `firstIndex` on, one row each. */
export type Marks = {
  readonly firstIndex: number;
  /** Prefix hash: of the entry and all before it. */
  readonly hashes: readonly number[];
  readonly terms: readonly number[];
  /** Of the payload alone. */
  readonly payloads: readonly number[];
};

/**
 * A log reduced to one hash an index, of the entry there and all before it: two logs that have the
 * same hash at an index are the same up to it (but for one chance in 2^32, which only hides).
 */
export class LogView {
  lastIndex = 0;
  readonly #hashes: number[] = [0];
  readonly #terms: number[] = [0];

  /** 0 at index 0; -1 where the log has nothing that is known. */
  hashAt(index: number): number {
    return index <= this.lastIndex ? (this.#hashes[index] ?? -1) : -1;
  }

  termAt(index: number): number {
    return index <= this.lastIndex ? (this.#terms[index] ?? -1) : -1;
  }

  /** What `batches` would be at their place of this log. */
  marksOf(batches: readonly EntryBatch[]): Marks {
    const firstIndex = batches[0]!.firstIndex;
    const hashes: number[] = [];
    const terms: number[] = [];
    const payloads: number[] = [];
    let hash = this.hashAt(firstIndex - 1);
    for (const batch of batches) {
      const { term, kind, bytes } = batch;
      eachEntry(batch, (at, end) => {
        const payload = hashBytes(bytes, at, end);
        hash = mix(mix(hash, term * 4 + kind), payload);
        hashes.push(hash);
        terms.push(term);
        payloads.push(payload);
      });
    }
    return { firstIndex, hashes, terms, payloads };
  }

  /** Replaces the log from marks.firstIndex on. */
  put({ firstIndex, hashes, terms }: Marks): void {
    for (let i = 0; i < hashes.length; i++) {
      this.#hashes[firstIndex + i] = hashes[i]!;
      this.#terms[firstIndex + i] = terms[i]!;
    }
    this.lastIndex = firstIndex + hashes.length - 1;
  }

  /** The log now begins after a snapshot of `index`; what followed it stays if it agrees. */
  install(index: number, hash: number, term: number): void {
    if (this.hashAt(index) === hash) return;
    this.#hashes[index] = hash;
    this.#terms[index] = term;
    this.lastIndex = index;
  }

  copyFrom(other: LogView): void {
    for (let i = 1; i <= other.lastIndex; i++) {
      this.#hashes[i] = other.#hashes[i]!;
      this.#terms[i] = other.#terms[i]!;
    }
    this.lastIndex = other.lastIndex;
  }
}

const mix = (hash: number, value: number): number => {
  const mixed = Math.imul(hash ^ value, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
};
