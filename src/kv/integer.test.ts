import { expect, test } from "bun:test";
import { Prng } from "../lib/prng.ts";
import { addIntegers, INTEGER_BYTES_MAX, parseInteger, writeInteger } from "./integer.ts";

const parse = (text: string): bigint | null => {
  const bytes = new TextEncoder().encode(`..${text}..`);
  return parseInteger(bytes, 2, bytes.length - 4);
};

test("integer: the ends of 64 bits are integers, and nothing beyond them", () => {
  expect(parse("9223372036854775807")).toBe(2n ** 63n - 1n);
  expect(parse("-9223372036854775808")).toBe(-(2n ** 63n));
  expect(parse("9223372036854775808")).toBeNull();
  expect(parse("-9223372036854775809")).toBeNull();
  expect(parse("99999999999999999999")).toBeNull();
  expect(addIntegers(2n ** 63n - 1n, 1n)).toBeNull();
  expect(addIntegers(-(2n ** 63n), -1n)).toBeNull();
});

test("integer: what Redis takes for none is none", () => {
  for (const text of [
    "",
    "-",
    "+1",
    " 1",
    "1 ",
    "01",
    "-0",
    "-01",
    "00",
    "1.5",
    "1e3",
    "0x1",
    "١",
  ]) {
    expect([text, parse(text)]).toEqual([text, null]);
  }
  expect(parse("0")).toBe(0n);
});

test("integer: what is written is read back", () => {
  const prng = new Prng(1);
  const out = new Uint8Array(INTEGER_BYTES_MAX);
  for (let i = 0; i < 2_000; i++) {
    const bits = prng.between(1, 63);
    const value =
      BigInt.asIntN(64, (BigInt(prng.u32()) << 32n) | BigInt(prng.u32())) >> BigInt(63 - bits);
    expect(parseInteger(out, 0, writeInteger(value, out))).toBe(value);
  }
});
