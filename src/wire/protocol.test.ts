import { expect, test } from "bun:test";
import { FRAME_BYTES_MAX, FRAME_HEADER_BYTES } from "./frame.ts";
import { protocolOf } from "./protocol.ts";

const utf8 = new TextEncoder();
const of = (text: string): ReturnType<typeof protocolOf> => {
  const bytes = utf8.encode(text);
  return protocolOf(bytes, bytes.length);
};

test("protocol: no length of a frame is taken for text, however few of its bytes have come", () => {
  const mistaken: number[] = [];
  const lengths: number[] = [FRAME_BYTES_MAX];
  // Every first byte, with every second one, and a spread of third ones.
  for (let low = 0; low < 0x1_0000; low++) lengths.push(low, low + 0x2a_0000, low + 0x7b_0000);
  for (const length of lengths) {
    if (length < FRAME_HEADER_BYTES || length > FRAME_BYTES_MAX) continue;
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, length, true);
    const told = [1, 2, 3, 4].map((have) => protocolOf(bytes, have));
    if (told[3] !== "binary" || told.some((one) => one === "resp" || one === "json")) {
      mistaken.push(length);
    }
  }
  expect(mistaken).toEqual([]);
});

test("protocol: text is told by its first four bytes, JSON by its brace", () => {
  expect(of('{"op":"get","key":"x"}\n')).toBe("json");
  expect(of("*1\r\n$4\r\nPING\r\n")).toBe("resp");
  expect(of("PING\r\n")).toBe("resp");
  expect(of("\r\n\r\n")).toBe("resp");
  expect(["", "*", "{", "*1", "{}\n"].map(of)).toEqual([null, null, null, null, null]);
  // What is neither a frame nor text is left to the frames, which refuse it.
  expect(of("\x16\x03\x01\x02")).toBe("binary");
});
