import { expect, test } from "bun:test";
import { Prng } from "./prng.ts";

const draws = (prng: Prng, count: number): number[] =>
  Array.from({ length: count }, () => prng.u32());

test("prng: the sequence of a seed never changes, as stored seeds depend on it", () => {
  expect(draws(new Prng(0), 4)).toEqual([1789933344, 44971166, 2521392804, 3836935353]);
  expect(draws(new Prng(1), 4)).toEqual([393288148, 2174103013, 3814759091, 2092745082]);
  expect(draws(new Prng(2 ** 53 - 1), 4)).toEqual([219981187, 3356140, 4212152102, 1362076277]);
  expect(draws(new Prng(1).fork("links"), 4)).toEqual([
    302352122, 2810261679, 2253181804, 2084647076,
  ]);
});

test("prng: every bit of a seed counts, those above 32 too", () => {
  const seeds = [0, ...Array.from({ length: 53 }, (_, bit) => 2 ** bit)];
  const firsts = seeds.map((seed) => draws(new Prng(seed), 2).join());
  expect(new Set(firsts).size).toBe(seeds.length);
});

test("fork: is named by its label and its seed, and does not advance or follow its parent", () => {
  const parent = new Prng(5);
  const before = draws(parent.fork("disk"), 3);
  const expected = draws(new Prng(5), 10);
  expect(draws(parent, 10)).toEqual(expected);
  expect(draws(parent.fork("disk"), 3)).toEqual(before);
  expect(draws(parent.fork("disk-2"), 3)).not.toEqual(before);
  expect(draws(new Prng(6).fork("disk"), 3)).not.toEqual(before);
  expect(draws(new Prng(5 + 2 ** 32).fork("disk"), 3)).not.toEqual(before);
  expect(draws(parent.fork("a").fork("b"), 3)).not.toEqual(draws(parent.fork("b").fork("a"), 3));
});

test("fork: streams of many labels are different from each other", () => {
  for (const seed of [0, 1, 0x811c9dc5, 2 ** 40 + 1]) {
    const root = new Prng(seed);
    const streams = Array.from({ length: 5000 }, (_, i) => draws(root.fork(`link ${i}`), 2).join());
    expect([seed, new Set(streams).size]).toEqual([seed, streams.length]);
  }
});

test("fork: the streams of one label under many seeds are different from each other", () => {
  const streams = Array.from({ length: 5000 }, (_, i) => draws(new Prng(i).fork("disk"), 2).join());
  expect(new Set(streams).size).toBe(streams.length);
});

test("below, between, float: stay in range, and reach both ends", () => {
  const prng = new Prng(9);
  const seen = new Set<number>();
  for (let i = 0; i < 2000; i++) {
    expect(prng.below(1)).toBe(0);
    const n = prng.between(-3, 3);
    expect(Number.isInteger(n) && n >= -3 && n <= 3).toBe(true);
    seen.add(n);
    const f = prng.float();
    expect(f >= 0 && f < 1).toBe(true);
    expect(prng.below(2 ** 32)).toBeLessThan(2 ** 32);
  }
  expect(seen.size).toBe(7);
});

test("below: is uniform (chi-squared over 10 cells)", () => {
  const prng = new Prng(4);
  const counts = Array.from({ length: 10 }, () => 0);
  for (let i = 0; i < 100_000; i++) counts[prng.below(10)]!++;
  const chi2 = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
  expect(chi2).toBeLessThan(27.9); // 9 degrees of freedom: one seed in a thousand is above.
});

test("chance and exponential: have the mean they were asked for", () => {
  const prng = new Prng(8);
  let hits = 0;
  let sum = 0;
  for (let i = 0; i < 50_000; i++) {
    if (prng.chance(0.1)) hits++;
    const gap = prng.exponential(20);
    expect(gap >= 0 && Number.isFinite(gap)).toBe(true);
    sum += gap;
  }
  expect(Math.abs(hits / 50_000 - 0.1)).toBeLessThan(0.01);
  expect(Math.abs(sum / 50_000 - 20)).toBeLessThan(1);
  expect([prng.chance(0), prng.chance(1)]).toEqual([false, true]);
});

test("shuffle: keeps every item, leaves its argument alone, and gives every order", () => {
  const prng = new Prng(3);
  const items = [1, 2, 3];
  const orders = new Set<string>();
  for (let i = 0; i < 200; i++) {
    const shuffled = prng.shuffle(items);
    expect([...shuffled].sort()).toEqual([1, 2, 3]);
    orders.add(shuffled.join());
  }
  expect(items).toEqual([1, 2, 3]);
  expect(orders.size).toBe(6);
});
