import { expect, test } from "bun:test";
import { Prng } from "../lib/prng.ts";
import { flipBits } from "./flip-bits.ts";

test("flip bits: changes as many bits as it says, where there is data, in every file", () => {
  const random = new Prng(1);
  const hit = new Set<number>();
  for (let n = 0; n < 200; n++) {
    const files = [new Uint8Array(0), new Uint8Array(100).fill(255, 0, 3), new Uint8Array([0, 1])];
    const before = files.map((bytes) => bytes.slice());
    const flipped = flipBits(files, 3, random);
    expect(flipped.length).toBe(3);
    for (const { file, at, bit } of flipped) {
      expect(at).toBeLessThan(file === 1 ? 3 : 2);
      before[file]![at]! ^= 1 << bit;
      hit.add(file);
    }
    expect(files).toEqual(before);
  }
  expect([...hit].sort()).toEqual([1, 2]);
});

test("flip bits: does nothing where there is no data", () => {
  expect(flipBits([new Uint8Array(8)], 5, new Prng(1))).toEqual([]);
});
