import { expect, test } from "bun:test";
import { Prng } from "../lib/prng.ts";
import { DueQueue } from "./due-queue.ts";

test("DueQueue: takes in order of due time, equal ones in order of arrival", () => {
  const queue = new DueQueue<string>();
  queue.add(5, "a");
  queue.add(9, "late");
  queue.add(5, "b");
  queue.add(1, "early");
  expect(queue.nextDue).toBe(1);
  expect([queue.take(5), queue.take(5), queue.take(5), queue.take(5)]).toEqual([
    "early",
    "a",
    "b",
    undefined,
  ]);
  expect(queue.size).toBe(1);
  queue.clear();
  expect(queue.nextDue).toBe(Infinity);
});

test("DueQueue: agrees with a stable sort on random input", () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const prng = new Prng(seed);
    const queue = new DueQueue<number>();
    const model: { due: number; id: number }[] = [];
    for (let id = 0; id < 2_000; id++) {
      const due = id + prng.below(20);
      queue.add(due, id);
      model.push({ due, id });
      const now = id - 10;
      model.sort((a, b) => a.due - b.due || a.id - b.id);
      for (let got = queue.take(now); got !== undefined; got = queue.take(now)) {
        expect(`seed ${seed}: ${got}`).toBe(`seed ${seed}: ${model.shift()!.id}`);
      }
      expect(model[0]?.due ?? Infinity).toBeGreaterThan(now);
      expect(queue.size).toBe(model.length);
    }
  }
});
