import { expect, test } from "bun:test";
import { Prng } from "../lib/prng.ts";
import { ByteWriter, WireError } from "./bytes.ts";
import { beginFrame, endFrame, FRAME_BYTES_MAX, FRAME_HEADER_BYTES, FrameReader } from "./frame.ts";

type Plain = { readonly kind: number; readonly group: number; readonly body: readonly number[] };

/** Frames as the bytes of a connection. */
function streamOf(frames: readonly Plain[]): Uint8Array {
  const w = new ByteWriter(16);
  for (const { kind, group, body } of frames) {
    const start = beginFrame(w, kind, group);
    w.bytes(Uint8Array.from(body));
    endFrame(w, start);
  }
  return w.written().slice();
}

/** What a reader makes of chunks; each chunk is a copy of its own, as a socket gives them. */
function framesOf(chunks: readonly Uint8Array[], reader = new FrameReader()): Plain[] {
  const frames: Plain[] = [];
  for (const chunk of chunks) {
    reader.push(chunk.slice(), ({ kind, group, body }) =>
      frames.push({ kind, group, body: [...body] }),
    );
  }
  return frames;
}

const FRAMES: readonly Plain[] = [
  { kind: 1, group: 0, body: [1, 2, 3] },
  { kind: 255, group: 2 ** 32 - 1, body: [] },
  { kind: 16, group: 1, body: [9, 8, 7, 6, 5] },
];

test("frame: the layout is that of the docstring", () => {
  const bytes = streamOf([{ kind: 5, group: 0x01020304, body: [0xaa] }]);
  expect(bytes.length).toBe(FRAME_HEADER_BYTES + 1);
  expect([...bytes.subarray(0, 4)]).toEqual([15, 0, 0, 0]);
  expect([...bytes.subarray(8)]).toEqual([5, 1, 4, 3, 2, 1, 0xaa]);
});

test("FrameReader: a stream cut at any two places gives the same frames", () => {
  const stream = streamOf(FRAMES);
  for (let a = 0; a <= stream.length; a++) {
    for (let b = a; b <= stream.length; b++) {
      const chunks = [stream.subarray(0, a), stream.subarray(a, b), stream.subarray(b)];
      expect(framesOf(chunks)).toEqual([...FRAMES]);
    }
  }
});

test("FrameReader: byte by byte, and in random chunks, long streams come out whole", () => {
  for (const seed of [1, 2, 3]) {
    const prng = new Prng(seed);
    const frames = Array.from({ length: 60 }, () => ({
      kind: prng.below(256),
      group: prng.u32(),
      body: Array.from({ length: prng.below(prng.chance(0.1) ? 3000 : 40) }, () => prng.below(256)),
    }));
    const stream = streamOf(frames);
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < stream.length;) {
      const size = prng.chance(0.5) ? 1 : prng.between(1, 500);
      chunks.push(stream.subarray(at, at + size));
      at += size;
    }
    expect([seed, framesOf(chunks)]).toEqual([seed, frames]);
  }
});

test("FrameReader: frames stay valid after later chunks", () => {
  const stream = streamOf(FRAMES);
  const reader = new FrameReader();
  const bodies: Uint8Array[] = [];
  for (const cut of [
    [0, 20],
    [20, stream.length],
  ] as const) {
    reader.push(stream.slice(...cut), (frame) => bodies.push(frame.body));
  }
  expect(bodies.map((body) => [...body])).toEqual(FRAMES.map((frame) => [...frame.body]));
});

test("FrameReader: any changed bit of a frame is a WireError", () => {
  const stream = streamOf([FRAMES[0]!]);
  for (let bit = 0; bit < stream.length * 8; bit++) {
    const spoiled = stream.slice();
    spoiled[bit >> 3]! ^= 1 << (bit & 7);
    // A frame that claims to be longer is waited for: what follows makes the crc wrong, or the length.
    const chunks = [spoiled, new Uint8Array(256)];
    const isLonger = bit < 32 && new DataView(spoiled.buffer).getUint32(0, true) > 273;
    const reader = new FrameReader(isLonger ? 273 : FRAME_BYTES_MAX);
    expect(() => framesOf(chunks, reader)).toThrow(WireError);
  }
});

test("FrameReader: a bad length is refused before anything is allocated for it", () => {
  const header = (length: number): Uint8Array => {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, length, true);
    return bytes;
  };
  for (const length of [0, FRAME_HEADER_BYTES - 1, FRAME_BYTES_MAX + 1, 2 ** 32 - 1]) {
    const message = `frame length ${length} is not within 14 to ${FRAME_BYTES_MAX}`;
    expect(() => framesOf([header(length)])).toThrow(new WireError(message));
    const [first, ...rest] = header(length);
    const split = [Uint8Array.of(first!), Uint8Array.from(rest)];
    expect(() => framesOf(split)).toThrow(new WireError(message));
  }
  expect(framesOf([header(FRAME_HEADER_BYTES), header(FRAME_BYTES_MAX).subarray(0, 3)])).toEqual(
    [],
  );
});

test("FrameReader: a version that is not known is refused by its number", () => {
  const w = new ByteWriter();
  const start = beginFrame(w, 4, 1);
  w.written()[start + 9] = 2;
  endFrame(w, start);
  expect(() => framesOf([w.written()])).toThrow(new WireError("version 2 of kind 4 is not known"));
});

test("FrameReader: frames before a bad one are delivered", () => {
  const stream = streamOf(FRAMES);
  stream[stream.length - 1]! ^= 1;
  const kinds: number[] = [];
  const push = (): void => new FrameReader().push(stream, (frame) => kinds.push(frame.kind));
  expect(push).toThrow("crc mismatch");
  expect(kinds).toEqual([1, 255]);
});
