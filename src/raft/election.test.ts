import { expect, test } from "bun:test";
import { asIndex, asNode, asTerm } from "../lib/ids.ts";
import { takeOffice } from "./election.ts";
import { TestCluster } from "./testing/cluster.ts";
import { append, follower, messagesOf } from "./testing/follower.ts";
import type { VoteRequest } from "./types.ts";

const request = (term: number, rest: Partial<VoteRequest> = {}): VoteRequest => ({
  kind: "voteRequest",
  from: asNode(3),
  to: asNode(2),
  term: asTerm(term),
  pre: false,
  transfer: false,
  lastIndex: asIndex(9),
  lastTerm: asTerm(1),
  ...rest,
});

/** Whether the answer to `message` at `now` grants; null: there is no answer. */
function answerOf({ raft }: ReturnType<typeof follower>, message: VoteRequest, now: number) {
  raft.step({ kind: "message", message }, now);
  const answer = messagesOf(raft.takeReady()).find((m) => m.kind === "voteResponse");
  return answer?.granted ?? null;
}

test("votes: withheld for an election timeout from a leader's word, whatever the term", () => {
  const hears = () => {
    const node = follower([1], 1);
    node.raft.step({ kind: "message", message: append(1, [1, 1], 0, []) }, 1_000);
    node.raft.takeReady();
    return node;
  };
  expect(answerOf(hears(), request(2), 1_199)).toBeNull();
  expect(answerOf(hears(), request(2, { pre: true }), 1_199)).toBe(false);
  expect(answerOf(hears(), request(2), 1_200)).toBe(true);
  // A late refusal of a pre-vote raises the term; what was promised to the old leader still holds.
  const raised = hears();
  const { from, to } = request(2);
  const refusal = { kind: "voteResponse", pre: true, granted: false, from, to } as const;
  raised.raft.step({ kind: "message", message: { ...refusal, term: asTerm(2) } }, 1_010);
  expect(answerOf(raised, request(2), 1_020)).toBe(false);
  expect(answerOf(raised, request(2), 1_210)).toBe(true);
});

/** Node 2, at 1,000 ms, right after a heartbeat of leader 1 that asks for the promise of a lease, or does not. */
function hearsHeartbeat(lease: boolean) {
  const node = follower([1], 1);
  const ends = { from: asNode(1), to: asNode(2), term: asTerm(1) };
  const rest = { commitIndex: asIndex(0), readSeq: 1, quiesce: false, lease };
  node.raft.step({ kind: "message", message: { kind: "heartbeat", ...ends, ...rest } }, 1_000);
  node.raft.takeReady();
  return node;
}

test("lost leader: its followers campaign soon, and vote for each other at once", () => {
  const node = hearsHeartbeat(false);
  node.raft.step({ kind: "peerLost", peer: asNode(3) }, 1_001);
  expect(node.raft.deadline()).toBeGreaterThanOrEqual(1_200);
  node.raft.step({ kind: "peerLost", peer: asNode(1) }, 1_002);
  expect(node.raft.deadline()).toBeGreaterThanOrEqual(1_002 + 10);
  expect(node.raft.deadline()).toBeLessThan(1_002 + 30);
  expect(answerOf(node, request(2, { pre: true }), 1_003)).toBe(true);
  // Who grants a pre-vote lets the candidate go first.
  expect(node.raft.deadline()).toBeGreaterThanOrEqual(1_003 + 30);
  expect(answerOf(node, request(2), 1_004)).toBe(true);
});

test("lost leader: one that is heard again is followed as before", () => {
  const node = hearsHeartbeat(false);
  node.raft.step({ kind: "peerLost", peer: asNode(1) }, 1_002);
  node.raft.step({ kind: "message", message: append(1, [1, 1], 0, []) }, 1_003);
  expect(node.raft.deadline()).toBeGreaterThanOrEqual(1_203);
  expect(answerOf(node, request(2, { pre: true }), 1_004)).toBe(false);
});

test("lost leader: what was promised for its lease is kept, and then the election is soon", () => {
  const node = hearsHeartbeat(true);
  node.raft.step({ kind: "peerLost", peer: asNode(1) }, 1_002);
  expect(node.raft.deadline()).toBeGreaterThanOrEqual(1_210);
  expect(node.raft.deadline()).toBeLessThan(1_230);
  expect(answerOf(node, request(2, { pre: true }), 1_199)).toBe(false);
  expect(answerOf(node, request(2), 1_199)).toBeNull();
  expect(answerOf(node, request(2), 1_200)).toBe(true);
});

test("votes: withheld for an election timeout from a restart, since a lease may rest on us", () => {
  expect(answerOf(follower([1], 1), request(2), 199)).toBeNull();
  expect(answerOf(follower([1], 1), request(2), 200)).toBe(true);
  expect(answerOf(follower([], 0), request(1, { lastTerm: asTerm(0) }), 1)).toBe(true);
});

test("votes: one asked for at the leader's wish is given at once", () => {
  const node = follower([1], 1);
  node.raft.step({ kind: "message", message: append(1, [1, 1], 0, []) }, 1_000);
  expect(answerOf(node, request(2, { transfer: true }), 1_001)).toBe(true);
});

test("transfer: a learner that is told to take over does not campaign", () => {
  const membership = { voters: [asNode(1)], votersOutgoing: [], learners: [asNode(2)] };
  for (const isVoter of [false, true]) {
    const node = follower([1], 1, isVoter ? {} : { membership });
    const head = { from: asNode(1), to: asNode(2), term: asTerm(1) };
    node.raft.step({ kind: "message", message: { ...head, kind: "timeoutNow" } }, 1_000);
    expect(node.state.role).toBe(isVoter ? "candidate" : "follower");
  }
});

test("votes: a node that lost its data answers nobody, and sees who leads", () => {
  const { state, raft } = follower([], 0, { mayVote: false });
  raft.step({ kind: "message", message: request(2, { lastTerm: asTerm(0) }) }, 1_000);
  raft.step({ kind: "message", message: append(3, [0, 0], 0, [1]) }, 1_001);
  raft.step({ kind: "deadline" }, 9_000);
  expect(messagesOf(raft.takeReady())).toEqual([]);
  expect(raft.status()).toMatchObject({ role: "follower", term: 3, leaderId: 1, lastIndex: 0 });
  expect(state.votedFor).toBe(asNode(0));
});

test("disk: a leader whose own writes stall steps down, and does not campaign till they move", () => {
  const cluster = new TestCluster(3, 1, { diskStallMs: 300 });
  cluster.deadline(1);
  const quiet = () => {
    while (cluster.network.length > 0) cluster.deliver();
  };
  quiet();
  cluster.autoPersist = false;
  cluster.propose(1, "x");
  const { state } = cluster.node(1);
  const since = cluster.now;
  const disks = () => {
    for (const id of [2, 3]) while (cluster.node(id).disk.writes.length > 0) cluster.persist(id);
  };
  while (state.role === "leader" && cluster.now < since + 1_000) {
    cluster.deadline(1);
    quiet();
    disks();
    quiet();
  }
  expect(cluster.now - since).toBeLessThan(400);
  expect(state.log.commitIndex).toBe(state.log.lastIndex); // The others still committed it.
  cluster.deadline(1);
  expect(state.role).toBe("follower");
  while (cluster.node(1).disk.writes.length > 0) cluster.persist(1);
  cluster.deadline(1);
  expect(state.role).toBe("preCandidate");
});

test("lease: counts from when the round was sent, not from its answers", () => {
  const node = follower([1], 1, {
    electionTimeoutMinMs: 200,
    clockDriftMax: 0.1,
    leaseReads: true,
  });
  const { state, raft } = node;
  state.votedFor = state.id;
  takeOffice(state);
  const answer = (readSeq: number, now: number) =>
    raft.step(
      {
        kind: "message",
        message: {
          kind: "heartbeatResponse",
          from: asNode(1),
          to: asNode(2),
          term: asTerm(1),
          readSeq,
        },
      },
      now,
    );
  const isRead = (now: number) => {
    raft.step({ kind: "readIndex", tag: 1, lease: true }, now);
    return (raft.takeReady()?.reads.length ?? 0) > 0;
  };
  raft.step({ kind: "persisted", writeSeq: raft.takeReady()!.writeSeq }, 0);
  answer(1, 150);
  expect(isRead(150)).toBe(false); // The no-op is not committed.
  state.log.commitTo(asIndex(2));
  state.waitingReads.length = 0;
  raft.takeReady();
  expect(isRead(179)).toBe(true);
  expect(isRead(180)).toBe(false);
});
