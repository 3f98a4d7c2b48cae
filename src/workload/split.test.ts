import { describe, expect, test } from "bun:test";
import { DONE_OK } from "../client/ports.ts";
import { OP_PUT } from "../kv/command.ts";
import { Prng } from "../lib/prng.ts";
import { keyChooser } from "./keys.ts";
import type { LoadSpec } from "./spec.ts";
import { splitLoad } from "./split.ts";
import { BenchTop, SPEC } from "./testing/bench-top.ts";

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
const PUTS = { get: 0, put: 1, cas: 0, append: 0, delete: 0 };

/** What the parts of an open loop start in the first second, in order. */
function starts(change: Partial<LoadSpec>, count: number) {
  return splitLoad({ ...SPEC, clients: 1000, timeoutMs: 10_000, ...change }, count)
    .flatMap((spec) => {
      const top = new BenchTop(spec);
      top.driver.begin(0);
      while (top.driver.nextStartMs < 999) top.driver.poll(top.driver.nextStartMs);
      return top.started;
    })
    .sort((a, b) => a.at - b.at);
}

describe("splitLoad", () => {
  test("every client, every connection and the whole rate, once, in shares that differ by one", () => {
    const whole = { ...SPEC, clients: 11, connections: 5, rate: 300, finalReads: true };
    const parts = splitLoad(whole, 3);
    expect(parts.map((part) => part.clients)).toEqual([4, 4, 3]);
    expect(parts.map((part) => part.connections)).toEqual([2, 2, 1]);
    expect(sum(parts.map((part) => part.rate!))).toBeCloseTo(300, 9);
    expect(parts.map((part) => part.part)).toEqual([0, 1, 2].map((index) => ({ index, of: 3 })));
    expect(parts.map((part) => part.finalReads)).toEqual([true, false, false]);
    expect(splitLoad({ ...whole, rate: null }, 2).map((part) => part.rate)).toEqual([null, null]);
  });

  test("a part has a connection, and never more than clients", () => {
    for (const [clients, connections, count] of [
      [8, 1, 4],
      [7, 7, 3],
      [3, 3, 3],
      [256, 16, 6],
    ] as const) {
      for (const part of splitLoad({ ...SPEC, clients, connections }, count)) {
        expect(part.connections).toBeGreaterThanOrEqual(1);
        expect(part.connections).toBeLessThanOrEqual(part.clients);
      }
    }
  });

  test("constant arrivals of the parts are together those of the whole", () => {
    const whole = starts({ rate: 400 }, 1).map(({ at }) => at);
    const parts = starts({ rate: 400 }, 3).map(({ at }) => at);
    expect(parts).toHaveLength(whole.length);
    for (const [i, at] of parts.entries()) expect(at).toBeCloseTo(whole[i]!, 6);
  });

  test("poisson arrivals, keys and actions differ from part to part, and come again by seed", () => {
    const change = { rate: 200, arrivals: "poisson", keys: 10_000 } as const;
    const [a, b] = splitLoad({ ...SPEC, ...change, clients: 100 }, 2).map((spec) => {
      const top = new BenchTop(spec);
      top.driver.begin(0);
      for (let at = 0; at < 1000; at++) top.driver.poll(at);
      return top.started.slice(0, 50).map(({ at, op, key }) => `${at} ${op} ${key}`);
    });
    expect(new Set([...a!, ...b!]).size).toBe(a!.length + b!.length);
    expect(starts(change, 2)).toEqual(starts(change, 2));
  });

  test("no two parts write the same value", () => {
    const values = starts({ rate: 1000, mix: PUTS }, 4).map(({ op, value }) => {
      expect(op).toBe(OP_PUT);
      return Buffer.from(value).toString("hex");
    });
    expect(values.length).toBeGreaterThanOrEqual(990);
    expect(new Set(values).size).toBe(values.length);
  });

  test("one part of one writes what the load does without parts", () => {
    const writes = (spec: LoadSpec): string[] => {
      const top = new BenchTop(spec);
      top.driver.begin(0);
      for (let i = 0; i < 20; i++) top.end(top.started[i]!.worker, i, { outcome: DONE_OK });
      return top.started.map(({ value }) => Buffer.from(value.subarray(4, 8)).toString("hex"));
    };
    const alone = writes({ ...SPEC, mix: PUTS });
    const [only] = splitLoad({ ...SPEC, mix: PUTS }, 1);
    expect(writes(only!)).toEqual(alone);
  });

  test("writes of `latest` go round the key space together", () => {
    const KEYS = 12;
    const parts = [0, 1, 2].map((first) => keyChooser("latest", KEYS, new Prng(1), first, 3));
    const written = Array.from({ length: KEYS }, (_, i) => parts[i % 3]!(true));
    expect(written).toEqual(Array.from({ length: KEYS }, (_, i) => i));
  });
});
