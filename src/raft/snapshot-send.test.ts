import { expect, test } from "bun:test";
import { asIndex, asNode } from "../lib/ids.ts";
import type { RaftConfig } from "./api.ts";
import { takeOffice } from "./election.ts";
import { follower, messagesOf } from "./testing/follower.ts";
import type { Message } from "./types.ts";

const LIMITS = { snapshotChunkBytes: 4, snapshotInflightBytesMax: 8, trailingBytes: 0 };
const SNAPSHOT = new Uint8Array(100);

/** Node 2 leads in term 2; it and node 3 hold 5 entries and the no-op, node 1 holds nothing. */
function leader(overrides: Partial<RaftConfig> = {}) {
  const { state, raft } = follower([1, 1, 1, 1, 1], 2, { ...LIMITS, ...overrides });
  state.votedFor = state.id;
  takeOffice(state);
  raft.step({ kind: "persisted", writeSeq: raft.takeReady()!.writeSeq }, 1);
  const from3 = { from: asNode(3), to: asNode(2), term: state.term };
  const hint = { hintIndex: asIndex(0), hintTerm: state.term };
  const ack: Message = {
    ...{ ...from3, ...hint, hintTerm: 0 as typeof state.term },
    ...{ kind: "appendResponse", index: asIndex(6), rejected: false },
  };
  raft.step({ kind: "message", message: ack }, 1);
  raft.takeReady();
  raft.step({ kind: "applied", index: asIndex(6) }, 1);
  state.progress.get(asNode(1))!.nextIndex = asIndex(1); // As after probes that it rejected.
  return { state, raft };
}

type Leader = ReturnType<typeof leader>;

/** Answers the reads of a Ready, but of the snapshot that is `gone`; returns the chunks that leave. */
function serve({ raft }: Leader, now: number, gone = 0): string[] {
  const sent: string[] = [];
  for (let ready = raft.takeReady(); ready !== null; ready = raft.takeReady()) {
    for (const m of messagesOf(ready)) {
      if (m.kind === "installSnapshot") sent.push(`${m.offset}-${m.offset + m.data.length}`);
    }
    for (const { to, lastIndex, offset, bytesMax } of ready.snapshotReads) {
      const file = lastIndex === gone ? new Uint8Array(0) : SNAPSHOT;
      const data = file.subarray(offset, offset + bytesMax);
      const totalBytes = file.length;
      raft.step({ kind: "snapshotRead", to, lastIndex, offset, totalBytes, data }, now);
    }
  }
  return sent;
}

/** Node 1 answers. */
function respond(node: Leader, now: number, offset: number, installed = false, lastIndex = 6) {
  const head = { from: asNode(1), to: asNode(2), term: node.state.term };
  const rest = { lastIndex: asIndex(lastIndex), offset, installed };
  node.raft.step({ kind: "message", message: { ...head, kind: "snapshotResponse", ...rest } }, now);
}

function alive(node: Leader, now: number) {
  const head = { from: asNode(1), to: asNode(2), term: node.state.term };
  node.raft.step(
    { kind: "message", message: { ...head, kind: "heartbeatResponse", readSeq: 0 } },
    now,
  );
}

test("compact: the log keeps the newest bytes below the snapshot, and no more", () => {
  const bytesOf = (trailingBytes: number) => {
    const { state, raft } = leader({ trailingBytes });
    state.progress.get(asNode(1))!.activeAt = -Infinity;
    raft.step({ kind: "snapshotTaken", lastIndex: asIndex(6) }, 2);
    return [state.log.compactedIndex as number, raft.status().snapshotIndex as number];
  };
  // Entries 1-5 have 5 bytes, the no-op has 4.
  expect(bytesOf(0)).toEqual([6, 6]);
  expect(bytesOf(4)).toEqual([5, 6]);
  expect(bytesOf(9)).toEqual([4, 6]);
  expect(bytesOf(1_000)).toEqual([0, 6]);
});

test("compact: more stays for a follower that answers, up to a limit", () => {
  const keep = (activeAt: number) => {
    const { state, raft } = leader({ trailingBytes: 4 });
    const progress = state.progress.get(asNode(1))!;
    progress.activeAt = activeAt;
    progress.matchIndex = asIndex(2);
    raft.step({ kind: "snapshotTaken", lastIndex: asIndex(6) }, 2);
    return state.log.compactedIndex as number;
  };
  expect(keep(-Infinity)).toBe(5);
  expect(keep(2)).toBe(2); // What it needs next is 3.
});

test("compact: a snapshot older than an installed one changes nothing", () => {
  const { state, raft } = leader();
  raft.step({ kind: "snapshotTaken", lastIndex: asIndex(6) }, 2);
  expect(raft.takeReady()!.snapshot).toMatchObject({ lastIndex: 6 });
  raft.step({ kind: "snapshotTaken", lastIndex: asIndex(4) }, 3);
  expect(state.snapshot!.lastIndex).toBe(asIndex(6));
  expect(raft.takeReady()?.snapshot ?? null).toBeNull();
});

test("send: the window bounds what is read and not acknowledged", () => {
  const node = leader();
  node.raft.step({ kind: "snapshotTaken", lastIndex: asIndex(6) }, 2);
  expect(serve(node, 2)).toEqual(["0-4", "4-8"]);
  respond(node, 3, 4);
  expect(serve(node, 3)).toEqual(["8-12"]);
  respond(node, 4, 12);
  expect(serve(node, 4)).toEqual(["12-16", "16-20"]);
});

test("send: a newer snapshot does not start the transfer anew (NuRaft#118)", () => {
  const node = leader({ trailingBytes: 1 });
  const { raft, state } = node;
  raft.step({ kind: "snapshotTaken", lastIndex: asIndex(5) }, 2);
  serve(node, 2);
  respond(node, 3, 8, false, 5);
  raft.step({ kind: "snapshotTaken", lastIndex: asIndex(6) }, 3);
  expect(serve(node, 3)).toEqual(["8-12", "12-16"]);
  expect(state.progress.get(asNode(1))!.sending!.meta.lastIndex).toBe(asIndex(5));
  // Entry 6 was needed next, so it is still there.
  respond(node, 4, 0, true, 5);
  const appends = messagesOf(raft.takeReady()).filter((m) => m.kind === "appendEntries");
  expect(appends).toMatchObject([{ to: 1, prevIndex: 5 }]);
});

test("send: a follower that has more than was asked for since the leader went back is believed", () => {
  const node = leader();
  node.raft.step({ kind: "snapshotTaken", lastIndex: asIndex(6) }, 2);
  serve(node, 2);
  respond(node, 3, 8);
  expect(serve(node, 3)).toEqual(["8-12", "12-16"]);
  respond(node, 4, 8); // An old answer, doubled: the leader goes back to it.
  respond(node, 4, 16);
  expect(serve(node, 4)).toEqual(["16-20", "20-24"]);
});

test("send: a snapshot that is gone is replaced by the newest", () => {
  const node = leader();
  const { raft, state } = node;
  raft.step({ kind: "snapshotTaken", lastIndex: asIndex(5) }, 2);
  serve(node, 2);
  raft.step({ kind: "snapshotTaken", lastIndex: asIndex(6) }, 3);
  respond(node, 3, 8, false, 5);
  expect(serve(node, 3, 5)).toEqual(["0-4", "4-8"]);
  expect(state.progress.get(asNode(1))!.sending!.meta.lastIndex).toBe(asIndex(6));
});

test("send: one that is alive and does not move gets the chunks again, not much later each time", () => {
  const node = leader();
  node.raft.step({ kind: "snapshotTaken", lastIndex: asIndex(6) }, 2);
  serve(node, 2);
  const times: number[] = [];
  for (let now = 50; now < 12_000; now += 50) {
    alive(node, now);
    if (serve(node, now).includes("0-4")) times.push(now);
  }
  const gaps = times.slice(1).map((at, i) => at - times[i]!);
  expect(gaps.slice(0, 4)).toEqual([800, 800, 800, 800]);
});

test("send: an ack of entries ends the transfer once it covers the snapshot", () => {
  const node = leader();
  const { raft, state } = node;
  const from = { from: asNode(1), to: asNode(2), term: state.term };
  const hint = { hintIndex: asIndex(0), hintTerm: 0 as typeof state.term };
  const ack = (index: number): Message => ({
    ...{ ...from, ...hint },
    ...{ kind: "appendResponse", index: asIndex(index), rejected: false },
  });
  raft.step({ kind: "snapshotTaken", lastIndex: asIndex(5) }, 2);
  serve(node, 2);
  raft.step({ kind: "message", message: ack(3) }, 3); // Sent before the log was compacted.
  expect(state.progress.get(asNode(1))!.state).toBe("snapshot");
  raft.step({ kind: "message", message: ack(5) }, 4);
  expect(state.progress.get(asNode(1))!.state).toBe("replicate");
});

test("send: one whose window is full when its entries go gets a snapshot", () => {
  const { state, raft } = leader();
  const progress = state.progress.get(asNode(3))!;
  progress.matchIndex = asIndex(2);
  progress.nextIndex = asIndex(4); // One append is on the way; the window holds no more.
  progress.stuckAt = 2;
  expect(progress.state).toBe("replicate");
  raft.step({ kind: "snapshotTaken", lastIndex: asIndex(6) }, 60);
  const head = { from: asNode(3), to: asNode(2), term: state.term, readSeq: 0 };
  raft.step({ kind: "message", message: { ...head, kind: "heartbeatResponse" } }, 60);
  expect(raft.takeReady()!.snapshotReads.map((read) => read.to)).toContain(asNode(3));
});
