import { expect, test } from "bun:test";
import ycsb from "../../bench/ycsb.ts";
import { DONE_FAIL, DONE_INFO, DONE_MISMATCH } from "../client/ports.ts";
import { FLAG_EXPECTED, OP_GET, OP_PUT, OP_SCAN } from "../kv/command.ts";
import { checkLoadSpec } from "./check-spec.ts";
import type { LoadSpec } from "./spec.ts";
import { BenchTop, SPEC, type Started } from "./testing/bench-top.ts";

const OPERATIONS = 3_000;
/** Three standard deviations of a share of a half. */
const SPREAD = 0.03;
const NONE = { get: 0, put: 0, cas: 0, append: 0, delete: 0 };

/** What the clients of a load start, when every operation ends at once. */
function operate(change: Partial<LoadSpec>, count = OPERATIONS): readonly Started[] {
  const top = new BenchTop({ ...change, clients: 1, operations: count });
  top.driver.begin(0);
  for (let i = 0; !top.driver.idle; i++) top.end(0, i, { version: 1 });
  return top.started;
}

/** The shares of YCSB's core workloads (Cooper et al. 2010, table 2), F's second half apart. */
const SHARES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  A: { get: 0.5, put: 0.5 },
  B: { get: 0.95, put: 0.05 },
  C: { get: 1 },
  D: { get: 0.95, put: 0.05 },
  E: { scan: 0.95, put: 0.05 },
  F: { get: 0.5, rmw: 0.5 },
};

test("YCSB: the workloads have the shares of the paper", () => {
  for (const { name, load, preloadKeys } of ycsb.cases) {
    const shares = SHARES[name[0]!]!;
    const all = operate({ ...load, keys: 1_000, valueBytes: 16 });
    const second = all.filter(({ flags }) => flags === FLAG_EXPECTED).length;
    const operations = all.length - second;
    expect(operations).toBe(OPERATIONS);
    const share = (op: number): number =>
      all.filter((one) => one.op === op && one.flags === 0).length / operations;
    const { get = 0, put = 0, scan = 0, rmw = 0 } = shares;
    expect(Math.abs(share(OP_GET) - get - rmw), name).toBeLessThan(SPREAD);
    expect(Math.abs(share(OP_PUT) - put), name).toBeLessThan(SPREAD);
    expect(Math.abs(share(OP_SCAN) - scan), name).toBeLessThan(SPREAD);
    expect(Math.abs(second / operations - rmw), name).toBeLessThan(SPREAD);
    expect(preloadKeys).toBe(load.keys);
  }
  expect(ycsb.cases.map(({ name }) => name[0]!)).toEqual(Object.keys(SHARES));
});

test("scan: asks for 1 to scanLength keys, every number alike, from the key drawn on", () => {
  const scans = operate({ mix: { ...NONE, scan: 1 }, scanLength: 50 });
  const counts = new Array<number>(51).fill(0);
  for (const { op, expected, value } of scans) {
    expect([op, value.length]).toEqual([OP_SCAN, 0]);
    counts[expected]!++;
  }
  expect(counts[0]).toBe(0);
  for (const count of counts.slice(1))
    expect(Math.abs(count / OPERATIONS - 1 / 50)).toBeLessThan(0.01);
});

test("rmw: the put expects the version that the get read, and both are one operation", () => {
  const top = new BenchTop({ mix: { ...NONE, rmw: 1 }, clients: 1, keys: 1 });
  top.driver.begin(0);
  top.end(0, 3, { version: 7 });
  const [get, put] = top.started;
  expect(get).toMatchObject({ op: OP_GET, flags: 0 });
  expect(put).toMatchObject({ op: OP_PUT, flags: FLAG_EXPECTED, expected: 7, key: get!.key });
  expect(top.started.length).toBe(2);
  top.end(0, 10, { version: 8 });
  const { byOp, counts, response } = top.result();
  expect(counts).toEqual({ ok: 1, fail: 0, info: 0 });
  expect(Object.keys(byOp)).toEqual(["rmw"]);
  expect(response.max / 1000).toBeCloseTo(10, 0);
});

test("rmw: a get that fails ends it; a refused put is an answer, an unknown one is not", () => {
  const top = new BenchTop({ mix: { ...NONE, rmw: 1 }, clients: 1, keys: 1 });
  top.driver.begin(0);
  top.end(0, 1, { outcome: DONE_FAIL });
  expect(top.started.map(({ op }) => op)).toEqual([OP_GET, OP_GET]);
  top.end(0, 2, { version: 0 });
  expect(top.started[2]).toMatchObject({ op: OP_PUT, expected: 0 });
  top.end(0, 3, { outcome: DONE_MISMATCH, version: 5 });
  top.end(0, 4, { version: 5 });
  top.end(0, 5, { outcome: DONE_INFO, version: -1 });
  expect(top.result().counts).toEqual({ ok: 1, fail: 1, info: 1 });
});

test("a number of operations: so many begin, and keys in sequence are each put once", () => {
  for (const clients of [1, 3]) {
    const top = new BenchTop({
      ...{ mix: { ...NONE, put: 1 }, clients, keys: 10, operations: 10 },
      keyDistribution: "sequential",
    });
    top.driver.begin(0);
    for (let i = 0; i < 10; i++) {
      expect(top.driver.exhausted).toBe(top.started.length === 10);
      top.end(top.started[i]!.worker, i);
    }
    expect(top.driver.idle).toBe(true);
    const keys = Array.from({ length: 10 }, (_, i) => `k000000${i}`);
    expect(top.started.map(({ key }) => key)).toEqual(keys);
  }
});

test("a load with scans has no history, and its limits are those of the store", () => {
  const scans = { ...SPEC, mix: { ...NONE, scan: 1 } };
  expect(() => checkLoadSpec(scans)).not.toThrow();
  expect(() => checkLoadSpec({ ...scans, history: "h" })).toThrow(
    /cannot be recorded in a history/,
  );
  expect(() => checkLoadSpec({ ...scans, scanLength: 1_001 })).toThrow(/scanLength: 1001/);
  expect(() => checkLoadSpec({ ...SPEC, operations: 0 })).toThrow(/operations: 0/);
  expect(() => checkLoadSpec({ ...SPEC, operations: 5, generators: 2 })).toThrow(/one generator/);
});
