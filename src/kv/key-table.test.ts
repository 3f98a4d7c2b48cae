import { expect, test } from "bun:test";
import { Prng } from "../lib/prng.ts";
import { type Cell, Cells, NO_CELL, offsetOf, slabOf } from "./cells.ts";
import { ENTRY_HEADER_BYTES, hashKey, KeyTable } from "./key-table.ts";

/** A table of whole keys, with cells that hold nothing but their key. */
class Keys {
  readonly cells = new Cells();
  readonly table = new KeyTable(this.cells);

  find(key: Uint8Array): Cell {
    return this.table.find(new DataView(key.buffer, key.byteOffset), 0, key.length);
  }

  add(key: Uint8Array): Cell {
    expect(this.find(key)).toBe(NO_CELL);
    const cell = this.cells.allocate(ENTRY_HEADER_BYTES + key.length);
    this.cells.words[slabOf(cell)]![(offsetOf(cell) >>> 2) + 1] = key.length;
    this.cells.bytes[slabOf(cell)]!.set(key, offsetOf(cell) + ENTRY_HEADER_BYTES);
    this.table.insert(cell);
    return cell;
  }

  remove(key: Uint8Array): void {
    const cell = this.find(key);
    expect(cell).not.toBe(NO_CELL);
    this.table.remove();
    this.cells.free(cell);
  }
}

const hashOf = (key: Uint8Array): number => hashKey(new DataView(key.buffer), 0, key.length);

function numberKey(n: number): Uint8Array {
  const key = new Uint8Array(4);
  new DataView(key.buffer).setUint32(0, n, true);
  return key;
}

/** Keys that differ and have one hash: found by looking, which takes 2^16 keys or so. */
function collidingKeys(): [Uint8Array, Uint8Array] {
  const seen = new Map<number, Uint8Array>();
  const prng = new Prng(7);
  for (;;) {
    const key = new Uint8Array(8);
    const view = new DataView(key.buffer);
    view.setUint32(0, prng.u32(), true);
    view.setUint32(4, prng.u32(), true);
    const other = seen.get(hashOf(key));
    if (other !== undefined) return [other, key];
    seen.set(hashOf(key), key);
  }
}

test("key table: keys with the same hash are told apart, added and removed in any order", () => {
  const [a, b] = collidingKeys();
  expect(hashOf(a)).toBe(hashOf(b));
  for (const [first, second] of [
    [a, b],
    [b, a],
  ] as const) {
    const keys = new Keys();
    const cellA = keys.add(a);
    const cellB = keys.add(b);
    expect([keys.find(a), keys.find(b)]).toEqual([cellA, cellB]);
    keys.remove(first);
    expect(keys.find(first)).toBe(NO_CELL);
    expect(keys.find(second)).not.toBe(NO_CELL);
  }
});

test("key table: a key is its length and every byte", () => {
  const keys = new Keys();
  const base = Uint8Array.from({ length: 11 }, (_, i) => i);
  const cell = keys.add(base);
  expect(keys.find(base.slice())).toBe(cell);
  for (let i = 0; i < base.length; i++) {
    const other = base.slice();
    other[i]! ^= 1;
    expect(keys.find(other)).toBe(NO_CELL);
    if (i > 0) expect(keys.find(base.slice(0, i))).toBe(NO_CELL);
  }
});

test("key table: a cluster of neighbours survives every order of removal", () => {
  // Keys whose home is one of the last four slots, so that the cluster goes round the end.
  const homes: Uint8Array[] = [];
  for (let n = 0; homes.length < 7; n++) {
    if ((hashOf(numberKey(n)) & 1023) >= 1020) homes.push(numberKey(n));
  }
  const prng = new Prng(11);
  for (let round = 0; round < 500; round++) {
    const keys = new Keys();
    const left = prng.shuffle(homes);
    for (const key of left) keys.add(key);
    while (left.length > 0) {
      keys.remove(left.splice(prng.below(left.length), 1)[0]!);
      for (const key of homes) expect(keys.find(key) !== NO_CELL).toBe(left.includes(key));
    }
    expect(keys.table.size).toBe(0);
  }
});

test("key table: it grows and keeps every key", () => {
  const keys = new Keys();
  const cells = Array.from({ length: 20_000 }, (_, n) => keys.add(numberKey(n)));
  expect(keys.table.size).toBe(20_000);
  cells.forEach((cell, n) => expect(keys.find(numberKey(n))).toBe(cell));
  expect(new Set(keys.table.cells())).toEqual(new Set(cells));
});

test("key table: after many removals nothing is left to probe over", () => {
  const keys = new Keys();
  for (let n = 0; n < 100_000; n++) {
    keys.add(numberKey(n));
    if (n >= 500) keys.remove(numberKey(n - 500));
  }
  expect(keys.table.size).toBe(500);
  expect([...keys.table.cells()].length).toBe(500);
  expect(keys.table.capacity).toBe(1024); // It never grew, so no removal left its slot taken.
  for (let n = 0; n < 99_500; n += 997) expect(keys.find(numberKey(n))).toBe(NO_CELL);
  for (let n = 99_500; n < 100_000; n++) expect(keys.find(numberKey(n))).not.toBe(NO_CELL);
});

test("hash: spreads sequential keys evenly over the slots", () => {
  const counts = new Uint32Array(1024);
  for (let n = 0; n < 64 * 1024; n++) counts[hashOf(numberKey(n)) & 1023]!++;
  expect(Math.min(...counts)).toBeGreaterThan(20); // Of 64; chance gives about 38 to 92.
  expect(Math.max(...counts)).toBeLessThan(120);
});
