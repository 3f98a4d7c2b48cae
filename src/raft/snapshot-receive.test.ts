import { expect, test } from "bun:test";
import { asIndex, asNode, asTerm } from "../lib/ids.ts";
import { batchesOf } from "./testing/cluster.ts";
import {
  append,
  chunk,
  follower,
  membershipOf,
  messagesOf,
  snapshotMeta,
} from "./testing/follower.ts";

/** A follower that has received the whole of a snapshot up to lastIndex@lastTerm. */
function receiving(terms: readonly number[], term: number, last: readonly [number, number]) {
  const { state, raft } = follower(terms, term);
  raft.step({ kind: "message", message: chunk(term, last, 0, 10) }, 1);
  const ready = raft.takeReady()!;
  return { state, raft, ready };
}

test("install: what lies below commitIndex is answered, not installed (openraft#543)", () => {
  const { state, raft } = follower([1, 1, 1], 1);
  raft.step({ kind: "message", message: append(1, [3, 1], 3, []) }, 1);
  raft.takeReady();
  raft.step({ kind: "message", message: chunk(1, [2, 1], 0, 10) }, 2);
  const ready = raft.takeReady()!;
  expect(ready.snapshotWrites).toEqual([]);
  expect(ready.messagesAfterPersist).toMatchObject([{ kind: "appendResponse", index: 3 }]);
  expect(state.log.lastIndex).toBe(asIndex(3));
});

test("install: a log that disagrees with the snapshot goes, all of it (openraft 674e78aa)", () => {
  const { state, raft } = receiving([1, 1, 2, 2, 2], 3, [3, 3]);
  raft.step({ kind: "snapshotInstalled", lastIndex: asIndex(3) }, 2);
  expect(state.log.lastIndex).toBe(asIndex(3));
  expect(state.log.lastTerm).toBe(asTerm(3));
  expect(state.durableIndex).toBe(asIndex(3));
  const ready = raft.takeReady()!;
  expect(ready.snapshot).toEqual(snapshotMeta(3, 3));
  // Its next entry is 4, and it takes it.
  raft.step({ kind: "message", message: append(3, [3, 3], 4, [3]) }, 3);
  expect(raft.takeReady()!.batches.map((b) => b.firstIndex)).toEqual([asIndex(4)]);
  expect(state.log.commitIndex).toBe(asIndex(4));
});

test("install: a log that agrees with the snapshot keeps what follows it (openraft 44381b0c)", () => {
  const { state, raft } = receiving([1, 1, 2, 2, 2], 3, [3, 2]);
  raft.step({ kind: "snapshotInstalled", lastIndex: asIndex(3) }, 2);
  expect(state.log.compactedIndex).toBe(asIndex(3));
  expect(state.log.lastIndex).toBe(asIndex(5));
  expect(state.durableIndex).toBe(asIndex(5));
});

test("install: indexes move only when the owner has the state (NodeDB#162), all at once", () => {
  const { state, raft, ready } = receiving([1], 2, [7, 2]);
  expect(ready.snapshotWrites).toMatchObject([{ offset: 0, totalBytes: 10 }]);
  expect(raft.status()).toMatchObject({ commitIndex: 0, appliedIndex: 0, snapshotIndex: 0 });
  raft.step({ kind: "snapshotInstalled", lastIndex: asIndex(7) }, 2);
  expect(raft.status()).toMatchObject({ commitIndex: 7, appliedIndex: 7, snapshotIndex: 7 });
  expect(state.committedTaken).toBe(asIndex(7));
  expect(state.membership).toEqual(membershipOf(1, 2, 3));
});

test("install: what follows the snapshot is handed out from the next index on (no off by one)", () => {
  const { raft } = receiving([], 2, [7, 2]);
  raft.step({ kind: "snapshotInstalled", lastIndex: asIndex(7) }, 2);
  raft.takeReady();
  raft.step({ kind: "message", message: append(2, [7, 2], 8, [2, 2]) }, 3);
  expect(raft.takeReady()!.committed).toMatchObject([{ firstIndex: 8, count: 1 }]);
});

test("install: nothing is handed out while the owner replaces its state (openraft eed681d5)", () => {
  const { raft } = receiving([], 2, [3, 2]);
  // A later leader finds that it can append after all, and commits.
  raft.step({ kind: "message", message: append(2, [0, 0], 4, [1, 2, 2, 2, 2]) }, 2);
  expect(raft.takeReady()!.committed).toEqual([]);
  raft.step({ kind: "snapshotInstalled", lastIndex: asIndex(3) }, 3);
  expect(raft.takeReady()!.committed).toMatchObject([{ firstIndex: 4, count: 1 }]);
});

test("install: a refused snapshot leaves everything as it was, and is asked for from 0", () => {
  const { raft } = receiving([], 2, [3, 2]);
  raft.step({ kind: "message", message: append(2, [0, 0], 1, [1]) }, 2);
  raft.takeReady();
  raft.step({ kind: "snapshotRefused", lastIndex: asIndex(3) }, 3);
  const ready = raft.takeReady()!;
  expect(ready.messages).toMatchObject([
    { kind: "snapshotResponse", lastIndex: 3, offset: 0, installed: false },
  ]);
  expect(ready.committed).toMatchObject([{ firstIndex: 1, count: 1 }]);
});

test("install: the answer waits for our disk (redisraft#654)", () => {
  const { raft, ready } = receiving([], 2, [3, 2]);
  expect(messagesOf(ready).some((m) => m.kind === "snapshotResponse" && m.installed)).toBe(false);
  raft.step({ kind: "snapshotInstalled", lastIndex: asIndex(3) }, 2);
  const installed = raft.takeReady()!;
  expect(installed.writeSeq).toBeGreaterThan(0);
  expect(installed.heldUntil).toBe(installed.writeSeq);
  expect(installed.messages).toEqual([]);
  expect(installed.messagesAfterPersist).toMatchObject([
    { kind: "snapshotResponse", lastIndex: 3, installed: true },
  ]);
});

test("install: a write of replaced entries makes nothing durable (no ABA)", () => {
  const { state, raft } = follower([], 2);
  raft.step({ kind: "message", message: append(2, [0, 0], 0, [1, 1, 1, 1, 1]) }, 1);
  expect(raft.takeReady()!.writeSeq).toBe(1);
  raft.step({ kind: "message", message: chunk(3, [3, 2], 0, 10) }, 2);
  raft.takeReady();
  raft.step({ kind: "snapshotInstalled", lastIndex: asIndex(3) }, 3);
  raft.step({ kind: "persisted", writeSeq: 1 }, 4);
  expect(state.durableIndex).toBe(asIndex(3));
  raft.step({ kind: "message", message: append(3, [3, 2], 3, [3, 3]) }, 5);
  expect(raft.takeReady()!.batches.map((b) => b.firstIndex)).toEqual([4, 5].map(asIndex));
});

test("chunks: gaps, doubles and another leader are answered with the offset that is wanted", () => {
  const { raft } = follower([], 2);
  const offer = (term: number, offset: number, end: number) => {
    raft.step({ kind: "message", message: chunk(term, [5, 1], offset, end) }, 1);
    const ready = raft.takeReady()!;
    const answer = ready.messages.find((m) => m.kind === "snapshotResponse");
    return [ready.snapshotWrites.length, answer?.offset];
  };
  expect(offer(2, 4, 6)).toEqual([0, 0]); // A gap at the start.
  expect(offer(2, 0, 4)).toEqual([1, 4]);
  expect(offer(2, 6, 8)).toEqual([0, 4]); // A gap.
  expect(offer(2, 0, 4)).toEqual([0, 4]); // A double: it begins nothing anew.
  expect(offer(2, 4, 6)).toEqual([1, 6]);
  // Another leader may encode the same state in another way: from the start.
  expect(offer(3, 6, 8)).toEqual([0, 0]);
  expect(offer(3, 0, 8)).toEqual([1, 8]);
  expect(offer(3, 8, 10)).toEqual([1, 10]);
  expect(offer(3, 10, 10)).toEqual([0, 10]); // Complete: the leader only asks.
});

test("restart: the log begins after the snapshot, in its term (willemt#118)", () => {
  const restored = {
    hardState: { term: asTerm(4), votedFor: asNode(0) },
    snapshot: snapshotMeta(3, 2),
    batches: batchesOf([1, 1, 2, 4]),
  };
  const { state, raft } = follower([], 0, { restored });
  expect(raft.status()).toMatchObject({ commitIndex: 3, appliedIndex: 3, lastIndex: 4 });
  expect(state.log.termAt(asIndex(3))).toBe(2);
  expect(state.membership).toEqual(membershipOf(1, 2, 3));
  // An append that starts at 0 is no proof that the entries below the snapshot agree.
  raft.step({ kind: "message", message: append(4, [3, 3], 3, [4]) }, 1);
  expect(messagesOf(raft.takeReady())).toMatchObject([{ rejected: true }]);
  raft.step({ kind: "message", message: append(4, [0, 0], 4, [1, 1, 2, 4]) }, 2);
  expect(messagesOf(raft.takeReady())).toMatchObject([{ rejected: false, index: 4 }]);
});

test("restart: the term is at least that of the snapshot", () => {
  const hardState = { term: asTerm(1), votedFor: asNode(3) };
  const { raft } = follower([], 0, {
    restored: { hardState, snapshot: snapshotMeta(3, 2), batches: [] },
  });
  expect(raft.takeReady()!.hardState).toEqual({ term: asTerm(2), votedFor: asNode(0) });
});

test("restart: entries of a log that the snapshot replaced are dropped, and storage told so", () => {
  const start = (terms: readonly number[], lastTerm: number) => {
    const restored = {
      hardState: { term: asTerm(4), votedFor: asNode(0) },
      snapshot: snapshotMeta(3, lastTerm),
      batches: batchesOf(terms),
    };
    const { state, raft } = follower([], 0, { restored });
    return [state.log.lastIndex as number, raft.takeReady()?.snapshot?.lastIndex as number];
  };
  expect(start([1, 1, 2, 2, 2], 2)).toEqual([5, undefined as unknown as number]);
  expect(start([1, 1, 2, 2, 2], 3)).toEqual([3, 3]);
  expect(start([1, 1], 1)).toEqual([3, 3]); // They end before it.
});
