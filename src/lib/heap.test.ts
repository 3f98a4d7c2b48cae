import { expect, test } from "bun:test";
import { TimeHeap } from "./heap.ts";
import { Prng } from "./prng.ts";

test("TimeHeap: gives items by time, equal times in the order they came in", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = new Prng(seed);
    const heap = new TimeHeap<number>();
    const model: { at: number; item: number }[] = [];
    for (let i = 0; i < 500; i++) {
      if (random.chance(0.6)) {
        const at = random.below(20);
        heap.add(at, i);
        model.push({ at, item: i });
      } else {
        // Sorting is stable, so the first of equal times is the one that came first.
        model.sort((a, b) => a.at - b.at);
        expect(heap.nextAt, `seed ${seed}`).toBe(model[0]?.at ?? Infinity);
        expect(heap.take(), `seed ${seed}`).toBe(model.shift()?.item);
      }
      expect(heap.size).toBe(model.length);
    }
  }
});

test("TimeHeap: an empty one is due never", () => {
  const heap = new TimeHeap<string>();
  expect(heap.nextAt).toBe(Infinity);
  expect(heap.take()).toBeUndefined();
});
