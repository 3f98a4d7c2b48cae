import { expect, test } from "bun:test";
import { asIndex, asNode, asTerm } from "../lib/ids.ts";
import { encodeCommand } from "./testing/cluster.ts";
import { append, follower } from "./testing/follower.ts";

test("append: commits no further than the last entry it covers (copycat#265)", () => {
  // Entries 2 and 3 are of an old leader. The append covers index 1 only, though 3 is committed.
  const { state, raft } = follower([1, 2, 2], 3);
  raft.step({ kind: "message", message: append(3, [0, 0], 3, [1]) }, 1);
  expect(state.log.commitIndex).toBe(asIndex(1));
});

test("append: an old, shorter append does not cut entries acknowledged since (raftos#26)", () => {
  const { state, raft } = follower([1], 3);
  raft.step({ kind: "message", message: append(3, [1, 1], 0, [3, 3, 3]) }, 1);
  raft.step({ kind: "message", message: append(3, [1, 1], 0, [3]) }, 2);
  expect(state.log.lastIndex).toBe(asIndex(4));
});

test("append: an ack that arrives below commitIndex claims what is committed", () => {
  const { raft } = follower([1], 3);
  raft.step({ kind: "message", message: append(3, [1, 1], 3, [3, 3]) }, 1);
  raft.takeReady();
  raft.step({ kind: "message", message: append(3, [0, 0], 3, [1]) }, 2);
  expect(raft.takeReady()!.messagesAfterPersist[0]).toMatchObject({ rejected: false, index: 3 });
});

test("append: acks are held until the write that holds their entries", () => {
  const { raft } = follower([], 1);
  raft.step({ kind: "message", message: append(1, [0, 0], 0, [1]) }, 1);
  const first = raft.takeReady()!;
  expect(first.writeSeq).toBe(1);
  expect(first.heldUntil).toBe(1);
  // A duplicate needs no write of its own, yet its ack must wait for write 1 as well.
  raft.step({ kind: "message", message: append(1, [0, 0], 0, [1]) }, 2);
  const second = raft.takeReady()!;
  expect(second.writeSeq).toBe(0);
  expect(second.heldUntil).toBe(1);
  expect(second.messagesAfterPersist).toHaveLength(1);
});

test("append: entries that are replaced within one turn are not acknowledged, what is kept is", () => {
  const { raft } = follower([1], 2);
  raft.step({ kind: "message", message: append(2, [1, 1], 0, [2, 2]) }, 1);
  raft.step({ kind: "message", message: append(2, [1, 1], 0, []) }, 1);
  raft.step({ kind: "message", message: append(3, [1, 1], 0, [3]) }, 1);
  const acks = raft.takeReady()!.messagesAfterPersist;
  expect(acks).toMatchObject([
    { term: 2, index: 1, rejected: false },
    { term: 3, index: 2, rejected: false },
  ]);
});

test("persist: a write that was overtaken by a truncation does not count (no ABA)", () => {
  const { state, raft } = follower([1], 2);
  raft.step({ kind: "message", message: append(2, [1, 1], 0, [2, 2]) }, 1);
  raft.takeReady(); // write 1: entries 2 and 3 of term 2
  raft.step({ kind: "message", message: append(3, [1, 1], 0, [3, 3]) }, 2);
  raft.takeReady(); // write 2: entries 2 and 3 of term 3
  raft.step({ kind: "persisted", writeSeq: 1 }, 3);
  expect(state.durableIndex).toBe(asIndex(1));
  raft.step({ kind: "persisted", writeSeq: 2 }, 4);
  expect(state.durableIndex).toBe(asIndex(3));
});

test("propose: beyond the bytes that may be uncommitted it is refused as overloaded", () => {
  const voters = [2].map(asNode);
  const { raft } = follower([], 0, {
    membership: { voters, votersOutgoing: [], learners: [] },
    uncommittedBytesMax: 20,
  });
  raft.step({ kind: "deadline" }, 1_000); // Alone: elects itself once its vote is durable.
  raft.step({ kind: "persisted", writeSeq: raft.takeReady()!.writeSeq }, 1_001);
  expect(raft.status().role).toBe("leader");
  const bytes = encodeCommand("0123456789");
  raft.step({ kind: "propose", tag: 1, count: 1, bytes }, 1_002);
  raft.step({ kind: "propose", tag: 2, count: 1, bytes }, 1_002);
  const ready = raft.takeReady()!;
  expect(ready.proposed.map((p) => p.tag)).toEqual([1]);
  expect(ready.refused).toEqual([{ tag: 2, leaderId: asNode(2), reason: "overloaded" }]);
});

test("replicate: the window holds back appends until acks open it", () => {
  const { state, raft } = follower([], 0, { inflightMessagesMax: 2, electionTimeoutMinMs: 1_000 });
  raft.step({ kind: "deadline" }, 5_000);
  raft.takeReady();
  const from = asNode(1);
  const to = asNode(2);
  raft.step(
    {
      kind: "message",
      message: { kind: "voteResponse", from, to, term: asTerm(1), pre: true, granted: true },
    },
    5_001,
  );
  raft.step({ kind: "persisted", writeSeq: raft.takeReady()!.writeSeq }, 5_002);
  raft.step(
    {
      kind: "message",
      message: { kind: "voteResponse", from, to, term: asTerm(1), pre: false, granted: true },
    },
    5_003,
  );
  const ack = (index: number) =>
    raft.step(
      {
        kind: "message",
        message: {
          kind: "appendResponse",
          from,
          to,
          term: asTerm(1),
          index: asIndex(index),
          rejected: false,
          hintIndex: asIndex(0),
          hintTerm: asTerm(0),
        },
      },
      5_010,
    );
  const appendsTo1 = () =>
    raft.takeReady()?.messages.filter((m) => m.kind === "appendEntries" && m.to === from).length ??
    0;
  expect(state.role).toBe("leader");
  expect(appendsTo1()).toBe(1); // The probe that carries the no-op.
  ack(1);
  const sent = [];
  for (let tag = 1; tag <= 4; tag++) {
    raft.step({ kind: "propose", tag, count: 1, bytes: encodeCommand("x") }, 5_010);
    sent.push(appendsTo1());
  }
  expect(sent).toEqual([1, 1, 0, 0]);
  ack(2);
  expect(appendsTo1()).toBe(1); // One append of everything that waited.
  expect(state.progress.get(from)!.nextIndex).toBe(asIndex(6));
});
