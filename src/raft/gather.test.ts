import { describe, expect, test } from "bun:test";
import { asIndex, asTerm, type LogIndex } from "../lib/ids.ts";
import { Prng } from "../lib/prng.ts";
import { eachEntry, lastIndexOf, noopBytes } from "./batch.ts";
import { RaftLog } from "./log.ts";
import { ENTRY_COMMAND, ENTRY_NOOP, type EntryBatch } from "./types.ts";

/** `count` entries, each of its index in four bytes. */
function commands(firstIndex: number, count: number, term = 1): EntryBatch {
  const bytes = new Uint8Array(8 * count);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < count; i++) {
    view.setUint32(8 * i, 4, true);
    view.setUint32(8 * i + 4, firstIndex + i, true);
  }
  return {
    firstIndex: asIndex(firstIndex),
    term: asTerm(term),
    kind: ENTRY_COMMAND,
    count,
    bytes,
  };
}

const noop = (firstIndex: number, term: number): EntryBatch => ({
  firstIndex: asIndex(firstIndex),
  term: asTerm(term),
  kind: ENTRY_NOOP,
  count: 1,
  bytes: noopBytes(),
});

const all = (log: RaftLog): readonly EntryBatch[] =>
  log.from(asIndex(log.compactedIndex + 1), Infinity);

/** What the log says of each entry: index, term, kind and payload. */
function entriesOf(log: RaftLog): string[] {
  const out: string[] = [];
  for (const batch of all(log)) {
    eachEntry(batch, (at, end, index) =>
      out.push(`${index} ${batch.term} ${batch.kind} ${batch.bytes.slice(at, end).toHex()}`),
    );
  }
  return out;
}

function logOf(batches: readonly EntryBatch[], commit: number): RaftLog {
  const log = new RaftLog();
  log.append(asIndex(0), batches);
  log.commitTo(asIndex(commit));
  return log;
}

describe("gathering of applied batches", () => {
  test("gathering: small batches become one as soon as they have the bytes, and not before", () => {
    const log = logOf(
      [1, 2, 3, 4, 5].map((index) => commands(index, 1)),
      5,
    );
    log.gatherTo(asIndex(4), 40);
    expect(all(log).length).toBe(5);
    log.gatherTo(asIndex(5), 40);
    expect(all(log).map(({ count }) => count)).toEqual([5]);
  });

  test("gathering: what is not applied, large ones, other terms and other kinds stay as they are", () => {
    const batches = [
      noop(1, 1),
      commands(2, 1),
      commands(3, 1),
      commands(4, 9),
      commands(13, 1, 2),
      commands(14, 1, 2),
      commands(15, 1, 2),
      commands(16, 1, 2),
      commands(17, 1, 2),
    ];
    const log = logOf(batches, 17);
    log.gatherTo(asIndex(16), 40);
    expect(all(log)).toEqual(batches);
    log.gatherTo(asIndex(17), 40);
    expect(all(log).map(({ count }) => count)).toEqual([1, 1, 1, 9, 5]);
  });

  test("gathering: at random, with compaction and truncation, no entry changes", () => {
    for (let seed = 1; seed <= 300; seed++) {
      const prng = new Prng(seed);
      const log = new RaftLog();
      const same = new RaftLog();
      let applied = 0;
      for (let step = 0; step < 60; step++) {
        const last: LogIndex = log.lastIndex;
        const term = Math.max(1, log.lastTerm) + (prng.chance(0.1) ? 1 : 0);
        const from = prng.chance(0.1) ? prng.between(log.commitIndex, last) : last;
        const batch =
          from < last || prng.chance(0.1)
            ? noop(from + 1, term + 1)
            : commands(from + 1, prng.pick([1, 1, 1, 2, 3, 12]), term);
        for (const one of [log, same]) {
          one.append(asIndex(from), [batch]);
          if (prng.fork(`commit ${step}`).chance(0.8)) one.commitTo(one.lastIndex);
        }
        applied = prng.between(applied, log.commitIndex);
        log.gatherTo(asIndex(applied), 48);
        if (prng.chance(0.1)) {
          const to = asIndex(prng.between(log.compactedIndex, applied));
          log.compactTo(to);
          same.compactTo(to);
        }
        expect({ seed, entries: entriesOf(log) }).toEqual({ seed, entries: entriesOf(same) });
        expect([log.lastIndex, log.lastTerm]).toEqual([same.lastIndex, same.lastTerm]);
      }
      const batches = all(log);
      for (let i = 1; i < batches.length; i++) {
        expect(batches[i]!.firstIndex).toBe(asIndex(lastIndexOf(batches[i - 1]!) + 1));
      }
    }
  });
});
