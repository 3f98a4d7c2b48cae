import { expect, test } from "bun:test";
import { asNode } from "../lib/ids.ts";
import { ByteWriter, WireError } from "./bytes.ts";
import { type Frame, FrameReader } from "./frame.ts";
import {
  HANDSHAKE_FRAME_BYTES_MAX,
  readHandshake,
  readHandshakeReply,
  writeHandshake,
  writeHandshakeReply,
} from "./handshake.ts";
import { KIND } from "./kinds.ts";
import { agreedVersion, versionsText, WIRE_VERSIONS } from "./versions.ts";

const shake = { clusterId: "blue", from: asNode(2), to: asNode(65_535) };

/** The one frame that `write` makes, through a reader. */
function frameOf(write: (w: ByteWriter) => void): Frame {
  const w = new ByteWriter();
  write(w);
  const frames: Frame[] = [];
  new FrameReader(HANDSHAKE_FRAME_BYTES_MAX).push(w.written().slice(), (f) => frames.push(f));
  expect(frames).toHaveLength(1);
  return frames[0]!;
}

test("handshake: reads what was written, under its kind", () => {
  const frame = frameOf((w) => writeHandshake(w, shake));
  expect(frame.kind).toBe(KIND.handshake);
  expect(readHandshake(frame.body)).toEqual({ versions: WIRE_VERSIONS, ...shake });
});

test("handshakeReply: acceptance and refusals, in any script, read what was written", () => {
  for (const refusal of [null, "this is node 3, not 2", "Knoten gehört nicht dazu ☃"]) {
    const frame = frameOf((w) => writeHandshakeReply(w, { refusal }));
    expect(frame.kind).toBe(KIND.handshakeReply);
    expect(readHandshakeReply(frame.body)).toEqual({ refusal });
  }
});

test("handshakeReply: a reason of any length fits the frame limit of strangers", () => {
  const { body } = frameOf((w) => writeHandshakeReply(w, { refusal: "☃".repeat(10_000) }));
  expect(readHandshakeReply(body).refusal).toStartWith("☃☃☃");
});

test("handshake: every prefix, and a byte too many, is refused", () => {
  for (const { body, read } of [
    { body: frameOf((w) => writeHandshake(w, shake)).body, read: readHandshake },
    {
      body: frameOf((w) => writeHandshakeReply(w, { refusal: "no" })).body,
      read: readHandshakeReply,
    },
  ]) {
    for (let end = 0; end < body.length; end++) {
      expect(() => read(body.subarray(0, end))).toThrow(WireError);
    }
    expect(() => read(Uint8Array.of(...body, 0))).toThrow(WireError);
  }
});

test("handshake: another magic, authentication or impossible versions are refused with a reason", () => {
  const { body } = frameOf((w) => writeHandshake(w, shake));
  const changed = (at: number, value: number): Uint8Array => {
    const copy = body.slice();
    copy[at] = value;
    return copy;
  };
  expect(() => readHandshake(changed(0, 0))).toThrow("not the Ordeal peer protocol");
  expect(() => readHandshake(changed(4, 0))).toThrow("versions 0 to 0");
  expect(() => readHandshake(changed(5, 1))).toThrow("versions 1 to 1");
  expect(() => readHandshake(changed(18, 0xff))).toThrow("clusterId: not UTF-8");
  expect(() => readHandshake(changed(16, 4))).toThrow("authentication is not supported");
});

test("handshake: of a newer node the versions are read, whatever fields it appends", () => {
  const versions = { lowest: 2, highest: 200 };
  const { body } = frameOf((w) => writeHandshake(w, { ...shake, versions }));
  expect(readHandshake(body)).toEqual({ ...shake, versions });
  expect(readHandshake(Uint8Array.of(...body, 1, 2, 3)).versions).toEqual(versions);
});

test("handshakeReply: the version that both speak is told, but for the first, which says nothing", () => {
  for (const [version, said] of [
    [1, { refusal: null }],
    [2, { refusal: null, version: 2 }],
  ] as const) {
    const { body } = frameOf((w) => writeHandshakeReply(w, { refusal: null, version }));
    expect(readHandshakeReply(body)).toEqual(said);
  }
  const first = frameOf((w) => writeHandshakeReply(w, { refusal: null, version: 1 }));
  expect([...first.body]).toEqual([1, 0, 0]);
});

test("versions: the highest that both speak, if there is one", () => {
  const range = (lowest: number, highest: number) => ({ lowest, highest });
  expect(agreedVersion(range(1, 1), range(1, 2))).toBe(1);
  expect(agreedVersion(range(2, 5), range(1, 3))).toBe(3);
  expect(agreedVersion(range(1, 2), range(3, 4))).toBeNull();
  expect(agreedVersion(range(3, 4), range(1, 2))).toBeNull();
  expect([versionsText(range(2, 2)), versionsText(range(1, 3))]).toEqual([
    "version 2",
    "versions 1 to 3",
  ]);
});
