import { expect, test } from "bun:test";
import { asIndex, asNode } from "../lib/ids.ts";
import { RAFT_DEFAULTS, type Raft, type RaftInput } from "../raft/api.ts";
import { noopBytes } from "../raft/batch.ts";
import { createRaft } from "../raft/raft.ts";
import { ByteReader, ByteWriter, WireError } from "../wire/bytes.ts";
import { recordingRaft } from "./record.ts";
import { ChunkWriter, coreRandom, readItems, type RecordedItem } from "./recording.ts";
import { replayRecording } from "./replay.ts";
import { readValue, type Value, writeValue } from "./value-codec.ts";

const SEED = 7;
const ids = [1, 2, 3].map(asNode);
const config = {
  ...RAFT_DEFAULTS,
  id: asNode(1),
  membership: { voters: ids, votersOutgoing: [], learners: [] },
  restored: null,
};

const join = (chunks: readonly Uint8Array[]): Uint8Array => Buffer.concat(chunks);

/** Node 1 is elected, proposes, commits, reads and steps down: a life of every kind of output. */
function liveAndRecord(): Uint8Array {
  const chunks: Uint8Array[] = [];
  const plain = createRaft({ ...config, random: coreRandom(SEED) }, 0);
  const raft = recordingRaft(plain, { config, seed: SEED, now: 0, wallMs: 0 }, (c) =>
    chunks.push(c.slice()),
  );
  const give = (now: number, input: RaftInput): void => {
    raft.step(input, now);
    drain(raft, now);
  };
  const from = asNode(2);
  const to = asNode(1);
  give(1_000, { kind: "deadline" });
  let { term } = raft.status();
  const vote = { kind: "voteResponse", from, to, granted: true } as const;
  const asked = plus1(term);
  give(1_001, { kind: "message", message: { ...vote, term: asked, pre: true } });
  term = raft.status().term;
  give(1_002, { kind: "message", message: { ...vote, term, pre: false } });
  expect(raft.status().role).toBe("leader");
  give(1_003, { kind: "propose", tag: 1, count: 1, bytes: noopBytes() });
  give(1_004, { kind: "readIndex", tag: 2, lease: false });
  const ack = { kind: "appendResponse", from, to, term, rejected: false } as const;
  const nowhere = { hintIndex: asIndex(0), hintTerm: 0 as typeof term };
  const message = { ...ack, ...nowhere, index: raft.status().lastIndex };
  give(1_005, { kind: "message", message });
  expect(raft.status().commitIndex).toBe(raft.status().lastIndex);
  const alive = { kind: "heartbeatResponse", from, to, term, readSeq: 1 } as const;
  give(1_006, { kind: "message", message: alive });
  give(1_007, { kind: "transferLeadership", tag: 3, to: asNode(3) });
  give(1_008, { kind: "changeMembership", tag: 4, voters: [...ids, asNode(4)], learners: [] });
  give(1_009, { kind: "peerUnreachable", peer: asNode(3) });
  give(1_010, { kind: "message", message: { ...alive, term: plus1(term) } });
  expect(raft.status().role).toBe("follower");
  return join(chunks);
}

const plus1 = <T extends number>(n: T): T => (n + 1) as T;

/** As a replica does, with a disk that is done at once. */
function drain(raft: Raft, now: number): void {
  for (let ready = raft.takeReady(); ready !== null; ready = raft.takeReady()) {
    if (ready.writeSeq > 0) raft.step({ kind: "persisted", writeSeq: ready.writeSeq }, now);
    const last = ready.committed.at(-1);
    if (last === undefined) continue;
    raft.step({ kind: "applied", index: asIndex(last.firstIndex + last.count - 1) }, now);
  }
}

/** The recording with its items changed, sealed anew. */
function tamper(bytes: Uint8Array, change: (item: RecordedItem, i: number) => RecordedItem) {
  const chunk = new ChunkWriter();
  [...readItems(bytes)].map(change).forEach((item) => {
    if (item.kind === "start") chunk.start(item);
    else if (item.kind === "input") chunk.input(item.input, item.now);
    else chunk.ready(item.hash);
  });
  return chunk.take();
}

test("replay: a recorded life gives the same Ready after every input, over and over", () => {
  const bytes = liveAndRecord();
  const inputs = [...readItems(bytes)].filter(({ kind }) => kind === "input").length;
  expect(inputs).toBeGreaterThan(11);
  const replay = replayRecording(bytes);
  expect(replay).toEqual({ starts: 1, inputs, bytesCutShort: 0, difference: null });
  expect(replayRecording(bytes)).toEqual(replay);
});

test("replay: two starts in one file are two lives", () => {
  const bytes = liveAndRecord();
  const { starts, difference, inputs } = replayRecording(join([bytes, bytes]));
  expect({ starts, difference }).toEqual({ starts: 2, difference: null });
  expect(inputs).toBe(2 * replayRecording(bytes).inputs);
});

test("replay: a message that was changed is named as the first input that tells them apart", () => {
  const bytes = liveAndRecord();
  let inputs = 0;
  let changedAt = 0;
  const changed = tamper(bytes, (item) => {
    if (item.kind === "input") inputs++;
    if (item.kind !== "input" || item.input.kind !== "message") return item;
    const { message } = item.input;
    if (message.kind !== "voteResponse" || message.pre) return item;
    changedAt = inputs;
    return { ...item, input: { kind: "message", message: { ...message, granted: false } } };
  });
  const { difference } = replayRecording(changed);
  expect(difference?.input).toBe(changedAt);
  expect(difference?.after).toBe("message 2→1 vote refused term=1");
  expect(difference?.core).toBe("nothing");
  expect(difference?.recorded).toStartWith("hash ");
});

test("replay: another time of an input shows", () => {
  const late = tamper(liveAndRecord(), (item, i) =>
    i === 1 && item.kind === "input" ? { ...item, now: 1 } : item,
  );
  const { difference } = replayRecording(late);
  expect(difference).toMatchObject({ input: 1, after: "deadline {}", core: "nothing" });
});

test("replay: an input that ended the core ends the recording; anything after it is a difference", () => {
  const chunks: Uint8Array[] = [];
  const plain = createRaft({ ...config, random: coreRandom(SEED) }, 0);
  const raft = recordingRaft(plain, { config, seed: SEED, now: 0, wallMs: 0 }, (c) =>
    chunks.push(c.slice()),
  );
  expect(() => raft.step({ kind: "persisted", writeSeq: 99 }, 1)).toThrow();
  expect(replayRecording(join(chunks))).toMatchObject({ inputs: 1, difference: null });
  const chunk = new ChunkWriter();
  chunk.ready(null);
  const { difference } = replayRecording(join([...chunks, chunk.take()]));
  expect(difference?.core).toStartWith("the core failed: ");
  expect(difference?.recorded).toBe("the node went on");
});

test("replay: what a kill cut short is left out and told; a flipped bit or no recording is refused", () => {
  const bytes = liveAndRecord();
  const { bytesCutShort, difference } = replayRecording(bytes.subarray(0, bytes.length - 3));
  expect(difference).toBeNull();
  expect(bytesCutShort).toBeGreaterThan(0);
  const flipped = bytes.slice();
  flipped[40] = flipped[40]! ^ 1;
  expect(() => replayRecording(flipped)).toThrow("damaged");
  const headless = new ChunkWriter();
  headless.ready(null);
  expect(() => replayRecording(headless.take())).toThrow(WireError);
});

test("value codec: every plain value comes back as it was", () => {
  const value: Value = {
    ...{ n: null, u: undefined, yes: true, no: false, half: 0.5, big: 2 ** 53 - 1, inf: -Infinity },
    ...{ text: "grün €", bytes: new Uint8Array([1, 2]), list: [1, [2], {}], none: [] },
  };
  const w = new ByteWriter();
  writeValue(w, value);
  const r = new ByteReader(w.written());
  expect(readValue(r)).toEqual(value);
  r.end();
  expect(() => readValue(new ByteReader(new Uint8Array([9])))).toThrow("tag: 9");
});
