import type { Limits } from "./search.ts";

/** Limits by a clock that counts looks at it: a search takes as much on every machine, however busy. */
export function limitsOfLooks(looksMax: number, memoryBytes: number): Limits {
  let looks = 0;
  return { now: () => ++looks, deadlineMs: looksMax, memoryBytes };
}
