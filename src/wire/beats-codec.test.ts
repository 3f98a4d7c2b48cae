import { expect, test } from "bun:test";
import { asIndex, asNode, asTerm } from "../lib/ids.ts";
import type { Heartbeat, HeartbeatResponse } from "../raft/types.ts";
import { type Beat, isBeats, readAlive, readBeats, writeAlive, writeBeats } from "./beats-codec.ts";
import { ByteWriter, WireError } from "./bytes.ts";
import { FRAME_HEADER_BYTES, type Frame, FrameReader } from "./frame.ts";

const [from, to] = [asNode(1), asNode(2)];

const heartbeat = (term: number, quiesce: boolean): Heartbeat => ({
  ...{ kind: "heartbeat", from, to, term: asTerm(term) },
  ...{ commitIndex: asIndex(2 ** 40), readSeq: 2 ** 53 - 1, quiesce, lease: !quiesce },
});
const response = (term: number): HeartbeatResponse => ({
  ...{ kind: "heartbeatResponse", from, to, term: asTerm(term), readSeq: 78 },
});
const HEARTBEATS: readonly Beat[] = [
  { group: 1, message: heartbeat(7, false) },
  { group: 2 ** 32 - 1, message: heartbeat(9, true) },
];
const RESPONSES: readonly Beat[] = [1, 2, 3].map((group) => ({ group, message: response(group) }));

function frameOf(write: (w: ByteWriter) => void): Frame {
  const w = new ByteWriter();
  write(w);
  const frames: Frame[] = [];
  new FrameReader().push(w.written().slice(), (frame) => frames.push(frame));
  return frames[0]!;
}

test("beats codec: the heartbeats of many groups, or their answers, are one frame that decodes to them", () => {
  for (const beats of [HEARTBEATS, RESPONSES, []]) {
    const frame = frameOf((w) => writeBeats(w, beats));
    expect(isBeats(frame)).toBe(true);
    expect(frame.group).toBe(0);
    expect(readBeats(frame, to, from)).toEqual([...beats]);
  }
});

test("beats codec: the bytes of version 1 do not change", () => {
  const w = new ByteWriter();
  writeBeats(w, HEARTBEATS.slice(1));
  const numbers = "0900000000000000" + "0000000000010000" + "ffffffffffff1f00";
  expect(w.written(FRAME_HEADER_BYTES).toHex()).toBe("01000000" + "ffffffff" + numbers + "01");
});

test("beats codec: a thousand idle groups fit in 30 KB", () => {
  const beats = Array.from({ length: 1000 }, (_, i) => ({
    group: i,
    message: heartbeat(1, false),
  }));
  expect(frameOf((w) => writeBeats(w, beats)).body.length).toBeLessThan(30_000);
});

test("beats codec: every truncation, trailing byte, term 0 and unknown flag is a WireError", () => {
  for (const beats of [HEARTBEATS, RESPONSES]) {
    const frame = frameOf((w) => writeBeats(w, beats));
    const read = (body: Uint8Array) => () => readBeats({ ...frame, body }, to, from);
    for (let size = 0; size < frame.body.length; size++) {
      expect(read(frame.body.subarray(0, size))).toThrow(WireError);
    }
    expect(read(new Uint8Array([...frame.body, 0]))).toThrow(WireError);
    const termless = frame.body.slice();
    termless[8] = 0;
    expect(read(termless)).toThrow("term: is 0");
    if (beats !== HEARTBEATS) continue;
    const flagged = frame.body.slice();
    flagged[flagged.length - 1] = 4;
    expect(read(flagged)).toThrow("flags: unknown bits 0b100");
  }
});

test("beats codec: a node tells the number of its process", () => {
  const frame = frameOf((w) => writeAlive(w, 2 ** 53 - 1));
  expect(readAlive(frame)).toBe(2 ** 53 - 1);
  expect(isBeats(frame)).toBe(false);
  expect(() => readAlive({ body: frame.body.subarray(1) })).toThrow(WireError);
});
