import { expect, test } from "bun:test";
import { asIndex, asNode, asTerm } from "../lib/ids.ts";
import { Prng } from "../lib/prng.ts";
import { RAFT_DEFAULTS } from "./api.ts";
import { takeOffice } from "./election.ts";
import { raftOver } from "./raft.ts";
import { restore } from "./restore.ts";
import { batchesOf } from "./testing/cluster.ts";
import type { EntryBatch } from "./types.ts";

/** Glues neighbours of one term into larger batches at random, so that repairs meet every cut. */
function glue(terms: readonly number[], random: Prng): EntryBatch[] {
  const out: EntryBatch[] = [];
  for (const batch of batchesOf(terms)) {
    const last = out.at(-1);
    if (last === undefined || last.term !== batch.term || random.chance(0.5)) out.push(batch);
    else {
      const bytes = new Uint8Array([...last.bytes, ...batch.bytes]);
      out[out.length - 1] = { ...last, count: last.count + 1, bytes };
    }
  }
  return out;
}

/** Two logs that share a prefix and then hold different terms, in random order and lengths. */
function divergingLogs(random: Prng): { leader: number[]; follower: number[]; shared: number } {
  const common: number[] = [];
  let term = 1;
  for (let i = random.below(8); i > 0; i--) {
    term += random.below(2);
    common.push(term);
  }
  const tails: [number[], number[]] = [[], []];
  for (let i = random.below(8); i > 0; i--) {
    term++;
    const tail = tails[random.below(2)]!;
    for (let k = random.below(5); k > 0; k--) tail.push(term);
  }
  const [a, b] = tails;
  return { leader: [...common, ...a], follower: [...common, ...b], shared: common.length };
}

function core(id: number, terms: readonly number[], term: number, random: Prng) {
  return restore(
    {
      ...RAFT_DEFAULTS,
      appendBytesMax: random.pick([1, 32, 1 << 20]),
      id: asNode(id),
      membership: { voters: [asNode(1), asNode(2)], votersOutgoing: [], learners: [] },
      restored: {
        hardState: { term: asTerm(term), votedFor: asNode(1) },
        snapshot: null,
        batches: glue(terms, random),
      },
      random,
    },
    0,
  );
}

test("log repair: converges, with at most one rejection per term that differs, and one more", () => {
  for (let seed = 1; seed <= 10_000; seed++) {
    const random = new Prng(seed);
    const { leader, follower, shared } = divergingLogs(random);
    const term = Math.max(1, leader.at(-1) ?? 1, follower.at(-1) ?? 1) + 1;
    const a = core(1, leader, term, random);
    const b = core(2, follower, term, random);
    const commit = random.below(shared + 1);
    a.log.commitTo(asIndex(commit));
    b.log.commitTo(asIndex(random.below(commit + 1)));
    takeOffice(a);
    const cores = [raftOver(a), raftOver(b)] as const;

    let rejections = 0;
    for (let round = 0, quiet = false; !quiet; round++) {
      if (round > 400) throw new Error(`seed ${seed}: no convergence`);
      quiet = true;
      for (const raft of cores) {
        const ready = raft.takeReady();
        if (ready === null) continue;
        quiet = false;
        if (ready.writeSeq > 0) raft.step({ kind: "persisted", writeSeq: ready.writeSeq }, 0);
        for (const message of [...ready.messages, ...ready.messagesAfterPersist]) {
          if (message.kind === "appendResponse" && message.rejected) rejections++;
          cores[message.to - 1]!.step({ kind: "message", message }, 0);
        }
      }
    }
    const termsOf = (s: typeof a) =>
      Array.from({ length: s.log.lastIndex }, (_, i) => s.log.termAt(asIndex(i + 1)));
    expect(termsOf(b), `seed ${seed}`).toEqual([...leader, term]);
    expect(termsOf(a), `seed ${seed}`).toEqual([...leader, term]);
    expect(a.log.commitIndex, `seed ${seed}`).toBe(a.log.lastIndex);
    const differing = new Set([...leader.slice(shared), ...follower.slice(shared)]).size;
    if (rejections > differing + 1) throw new Error(`seed ${seed}: ${rejections} rejections`);
  }
});
