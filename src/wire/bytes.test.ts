import { expect, test } from "bun:test";
import { AssertionError } from "../lib/assert.ts";
import { ByteReader, ByteWriter, WireError } from "./bytes.ts";

const U53S = [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 5, 2 ** 53 - 1];

test("bytes: what was written is read again, from a writer that grew on the way", () => {
  const w = new ByteWriter(1);
  w.u8(255);
  w.u16(65535);
  w.u32(2 ** 32 - 1);
  for (const value of U53S) w.u53(value);
  w.bytes(Uint8Array.of(1, 2, 3));
  const r = new ByteReader(w.written());
  expect([r.u8("a"), r.u16("b"), r.u32("c")]).toEqual([255, 65535, 2 ** 32 - 1]);
  expect(U53S.map(() => r.u53("d"))).toEqual(U53S);
  expect([...r.bytes(3, "e")]).toEqual([1, 2, 3]);
  expect(r.remaining).toBe(0);
  r.end();
});

test("bytes: numbers are little-endian, a u53 is a u64", () => {
  const w = new ByteWriter();
  w.u16(0x0102);
  w.u32(0x01020304);
  w.u53(0x1_0203_0405_0607);
  expect([...w.written()]).toEqual([2, 1, 4, 3, 2, 1, 7, 6, 5, 4, 3, 2, 1, 0]);
});

test("u53: what is not a safe integer from 0 up is a bug to write, and bad bytes to read", () => {
  const w = new ByteWriter();
  for (const value of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
    expect(() => w.u53(value)).toThrow(AssertionError);
  }
  const tooLarge = Uint8Array.of(0, 0, 0, 0, 0, 0, 0x20, 0);
  expect(() => new ByteReader(tooLarge).u53("term")).toThrow(
    new WireError("term: exceeds 2^53 - 1"),
  );
});

test("ByteReader: a read beyond the end names the field, a rest is refused", () => {
  const reads: ((r: ByteReader) => unknown)[] = [
    (r) => r.u8("x"),
    (r) => r.u16("x"),
    (r) => r.u32("x"),
    (r) => r.u53("x"),
    (r) => r.bytes(9, "x"),
  ];
  [1, 2, 4, 8, 9].forEach((size, i) => {
    const short = new Uint8Array(20).subarray(3, 3 + size - 1);
    expect(() => reads[i]!(new ByteReader(short))).toThrow(
      new WireError("x: message is cut short"),
    );
    expect(() => reads[i]!(new ByteReader(new Uint8Array(size)))).not.toThrow();
  });
  expect(() => new ByteReader(new Uint8Array(2)).end()).toThrow(
    new WireError("2 bytes after the end"),
  );
});

test("patchU32: changes what was written, and nothing beyond it", () => {
  const w = new ByteWriter();
  w.u32(0);
  w.u8(9);
  w.patchU32(0, 7);
  expect([...w.written()]).toEqual([7, 0, 0, 0, 9]);
  expect(() => w.patchU32(2, 1)).toThrow(AssertionError);
});
