import { expect, test } from "bun:test";
import { Prng } from "../lib/prng.ts";
import { type Cell, Cells, classBytes, classOf, NO_CELL, offsetOf, slabOf } from "./cells.ts";

test("size classes: every size fits its class, with less than 12 % to spare from 128 bytes on", () => {
  for (let size = 1; size < 20_000; size++) {
    const bytes = classBytes(classOf(size));
    expect(bytes).toBeGreaterThanOrEqual(size);
    expect(bytes % 16).toBe(0);
    if (size > 128) expect(bytes / size).toBeLessThan(1.125);
    else expect(bytes - size).toBeLessThan(16);
  }
});

test("size classes: classBytes is the inverse of classOf, and ascends", () => {
  for (let sizeClass = 0; sizeClass < 140; sizeClass++) {
    expect(classOf(classBytes(sizeClass))).toBe(sizeClass);
    expect(classBytes(sizeClass + 1)).toBeGreaterThan(classBytes(sizeClass));
  }
});

test("cells: no two live cells overlap, and what is freed is used again", () => {
  const seed = 5;
  const prng = new Prng(seed);
  const cells = new Cells();
  const live = new Map<Cell, { size: number; mark: number }>();
  for (let i = 0; i < 20_000; i++) {
    if (live.size > 300 || (live.size > 0 && prng.chance(0.4))) {
      const cell = prng.pick([...live.keys()]);
      const { size, mark } = live.get(cell)!;
      const at = offsetOf(cell);
      const bytes = cells.bytes[slabOf(cell)]!.subarray(at, at + size);
      expect([seed, i, bytes[0], bytes[size - 1]]).toEqual([seed, i, mark, mark]);
      cells.free(cell);
      live.delete(cell);
      continue;
    }
    const size = prng.chance(0.05) ? prng.between(60_000, 100_000) : prng.between(16, 2000);
    const cell = cells.allocate(size);
    expect(cell).not.toBe(NO_CELL);
    expect(live.has(cell)).toBe(false);
    expect(cells.capacity(cell)).toBeGreaterThanOrEqual(size);
    const mark = prng.below(256);
    cells.bytes[slabOf(cell)]!.fill(mark, offsetOf(cell), offsetOf(cell) + size);
    live.set(cell, { size, mark });
  }
  // 300 cells of at most 100 KB: without reuse this would be over 100 MiB.
  expect(cells.slabBytes).toBeLessThan(40 << 20);
});

test("cells: a cell with a buffer of its own gives it back", () => {
  const cells = new Cells();
  const big = Array.from({ length: 10 }, () => cells.allocate(1 << 20));
  expect(cells.slabBytes).toBe(10 << 20);
  for (const cell of big) cells.free(cell);
  expect(cells.slabBytes).toBe(0);
  const slabs = cells.bytes.length;
  for (let i = 0; i < 10; i++) cells.allocate(1 << 20);
  expect(cells.bytes.length).toBe(slabs); // Slab numbers are used again too.
});
