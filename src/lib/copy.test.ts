import { expect, test } from "bun:test";
import { copyBytes } from "./copy.ts";
import { crc32 } from "./crc32.ts";
import { Prng } from "./prng.ts";

test("copyBytes: does what set(subarray) does, at every offset and size, in views too", () => {
  const prng = new Prng(1);
  const whole = Uint8Array.from({ length: 300 }, () => prng.below(256));
  const from = whole.subarray(7, 290);
  for (let i = 0; i < 2000; i++) {
    const start = prng.below(from.length);
    const end = prng.between(start, from.length);
    const room = new Uint8Array(400);
    const to = room.subarray(11);
    const at = prng.below(to.length - (end - start));
    const expected = room.slice();
    expected.set(from.subarray(start, end), 11 + at);
    copyBytes(from, start, end, to, at);
    expect(room).toEqual(expected);
  }
});

test("crc32: is that of IEEE 802.3", () => {
  expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926); // The catalogue's check value.
  expect(crc32(new Uint8Array(0))).toBe(0);
});
