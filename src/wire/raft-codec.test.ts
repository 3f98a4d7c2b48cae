import { expect, test } from "bun:test";
import { asIndex, asNode, asTerm } from "../lib/ids.ts";
import type { Message } from "../raft/types.ts";
import { ByteWriter, WireError } from "./bytes.ts";
import { FRAME_HEADER_BYTES, type Frame, FrameReader } from "./frame.ts";
import { KIND } from "./kinds.ts";
import { readMessage, writeMessage } from "./raft-codec.ts";

const head = { from: asNode(1), to: asNode(2), term: asTerm(7) };
const batch = (firstIndex: number, term: number, count: number) => ({
  firstIndex: asIndex(firstIndex),
  term: asTerm(term),
  kind: 0 as const,
  count,
  bytes: Uint8Array.from({ length: count * 5 }, (_, i) => (i % 5 === 0 ? 1 : i % 5 === 4 ? 42 : 0)),
});

const MESSAGES: readonly Message[] = [
  {
    ...head,
    kind: "voteRequest",
    pre: true,
    transfer: false,
    lastIndex: asIndex(9),
    lastTerm: asTerm(6),
  },
  { ...head, kind: "voteResponse", pre: false, granted: true },
  {
    ...head,
    kind: "appendEntries",
    prevIndex: asIndex(4),
    prevTerm: asTerm(3),
    commitIndex: asIndex(2),
    batches: [batch(5, 3, 2), { ...batch(7, 7, 1), kind: 1, bytes: new Uint8Array(4) }],
  },
  {
    ...head,
    kind: "appendResponse",
    index: asIndex(2 ** 53 - 1),
    rejected: true,
    hintIndex: asIndex(3),
    hintTerm: asTerm(3),
  },
  {
    ...head,
    kind: "heartbeat",
    commitIndex: asIndex(2 ** 40),
    readSeq: 77,
    quiesce: true,
    lease: false,
  },
  { ...head, kind: "heartbeat", commitIndex: asIndex(3), readSeq: 1, quiesce: false, lease: true },
  { ...head, kind: "heartbeatResponse", readSeq: 78 },
  {
    ...head,
    kind: "installSnapshot",
    lastIndex: asIndex(5),
    lastTerm: asTerm(4),
    membership: {
      voters: [1, 2].map(asNode),
      votersOutgoing: [2, 3].map(asNode),
      learners: [3, 4].map(asNode),
    },
    totalBytes: 1000,
    offset: 256,
    data: new Uint8Array([9, 8, 7]),
  },
  { ...head, kind: "snapshotResponse", lastIndex: asIndex(5), offset: 259, installed: true },
  { ...head, kind: "timeoutNow" },
];

function frameOf(message: Message): Frame {
  const w = new ByteWriter();
  writeMessage(w, message, 3);
  const frames: Frame[] = [];
  new FrameReader().push(w.written().slice(), (frame) => frames.push(frame));
  return frames[0]!;
}

const read = (frame: Frame) => readMessage(frame, head.to, head.from);

test("raft codec: every message decodes to what was encoded", () => {
  for (const message of MESSAGES) {
    const frame = frameOf(message);
    expect(frame.group).toBe(3);
    expect(read(frame)).toEqual(message);
  }
  const kinds = new Set<string>(MESSAGES.map((m) => m.kind));
  for (const [name, kind] of Object.entries(KIND)) {
    const isOne = kind > KIND.handshakeReply && kind <= KIND.timeoutNow;
    if (isOne) expect(kinds.has(name)).toBe(true);
  }
});

test("raft codec: the bytes of version 1 do not change", () => {
  const w = new ByteWriter();
  writeMessage(w, MESSAGES[2]!, 1);
  expect(w.written(FRAME_HEADER_BYTES).toHex()).toBe(
    "0700000000000000" +
      "0400000000000000" +
      "0300000000000000" +
      "0200000000000000" +
      "02000000" +
      "0300000000000000" +
      "00" +
      "02000000" +
      "0a000000" +
      "010000002a" +
      "010000002a" +
      "0700000000000000" +
      "01" +
      "01000000" +
      "04000000" +
      "00000000",
  );
});

test("raft codec: the bytes of snapshot and transfer messages do not change", () => {
  const bodyOf = (kind: Message["kind"]) => frameOf(MESSAGES.find((m) => m.kind === kind)!).body;
  const term = "0700000000000000";
  expect(bodyOf("installSnapshot").toHex()).toBe(
    term +
      "0500000000000000" +
      "0400000000000000" +
      "e803000000000000" +
      "0001000000000000" +
      "1b000000" +
      "020202" +
      "0100000002000000" +
      "0200000003000000" +
      "0300000004000000" +
      "03000000" +
      "090807",
  );
  expect(bodyOf("snapshotResponse").toHex()).toBe(
    term + "0500000000000000" + "0301000000000000" + "01",
  );
  expect(bodyOf("timeoutNow").toHex()).toBe(term);
  const vote = { ...MESSAGES[0]!, pre: false, transfer: true } as Message;
  expect(frameOf(vote).body.toHex()).toBe(term + "02" + "0900000000000000" + "0600000000000000");
  expect(read(frameOf(vote))).toEqual(vote);
});

test("raft codec: every truncation and every trailing byte is a WireError", () => {
  for (const message of MESSAGES) {
    const frame = frameOf(message);
    for (let size = 0; size < frame.body.length; size++) {
      expect(() => read({ ...frame, body: frame.body.subarray(0, size) })).toThrow(WireError);
    }
    const longer = new Uint8Array([...frame.body, 0]);
    expect(() => read({ ...frame, body: longer })).toThrow(WireError);
  }
});

test("raft codec: any changed byte gives a WireError or another sound message, never a crash", () => {
  for (const message of MESSAGES) {
    const frame = frameOf(message);
    for (let at = 0; at < frame.body.length; at++) {
      for (const flip of [1, 0x80, 0xff]) {
        const body = frame.body.slice();
        body[at] = body[at]! ^ flip;
        try {
          const got = read({ ...frame, body });
          if (got.kind === "appendEntries") {
            expect(got.batches.every((b) => b.count >= 1 && b.term <= got.term)).toBe(true);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }
    }
  }
});

test("raft codec: fields that contradict each other are refused by name", () => {
  const broken = (message: object) => () => read(frameOf(message as Message));
  const [vote, , append, response] = MESSAGES;
  expect(broken({ ...vote, term: 0 })).toThrow("term: is 0");
  expect(broken({ ...vote, lastTerm: 7 })).toThrow("lastTerm: 7 >= 7");
  expect(broken({ ...append, prevTerm: 8 })).toThrow("prevTerm: 8 > 7");
  expect(broken({ ...append, batches: [batch(5, 2, 1)] })).toThrow("batch term: 2 after 3");
  expect(broken({ ...append, batches: [{ ...batch(5, 3, 1), count: 2 }] })).toThrow("cut short");
  expect(broken({ ...response, hintTerm: 9 })).toThrow("hintTerm: 9 > 7");
  const snapshot = MESSAGES.find((m) => m.kind === "installSnapshot")!;
  expect(broken({ ...snapshot, lastTerm: 8 })).toThrow("lastTerm: 8 > 7");
  expect(broken({ ...snapshot, lastIndex: 0 })).toThrow("last: 0@4");
  expect(broken({ ...snapshot, totalBytes: 258 })).toThrow("data: ends at 259 of 258");
  const nobody = { voters: [], votersOutgoing: [], learners: [] };
  expect(broken({ ...snapshot, membership: nobody })).toThrow("membership: has no voter");
  const entry = { ...batch(5, 3, 1), kind: 2 as const };
  expect(broken({ ...append, batches: [entry] })).toThrow("membership: is cut short");
});
