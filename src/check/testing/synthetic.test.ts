import { expect, test } from "bun:test";
import { NO_RETURN, OUTCOME_INFO, OUTCOME_MISMATCH } from "../../history/op.ts";
import { checkHistory } from "../check.ts";
import { type SyntheticSpec, synthesize } from "./synthetic.ts";

const OPTIONS = { now: () => 0, timeoutMs: 1, memoryBytes: 1 << 26 };
const SMALL = { operations: 40, clients: 4 };

const SPECS: Readonly<Record<string, Partial<SyntheticSpec>>> = {
  register: { ...SMALL, pending: 0.1 },
  "several keys": { ...SMALL, keys: 3 },
  "versioned puts": { ...SMALL, gets: 0.3, versioned: 0.6, versions: true, pending: 0.1 },
  "everything but cas": {
    ...{ ...SMALL, gets: 0.4, versioned: 0.2, appends: 0.1, deletes: 0.1, pending: 0.1 },
    ...{ versions: true, indexes: true, values: 3 },
  },
};

test("synthesize: what it says is linearizable is, and with a stale read it is not", () => {
  for (const [name, spec] of Object.entries(SPECS)) {
    for (let seed = 1; seed <= 60; seed++) {
      const { kind } = checkHistory(synthesize({ ...spec, seed }), OPTIONS);
      if (kind !== "pass") throw new Error(`${name}, seed ${seed}: ${kind}`);
    }
  }
  for (const spec of [SPECS["register"], SPECS["versioned puts"]]) {
    const stale = synthesize({ ...spec, operations: 200, staleReadAt: 0.6 });
    expect(checkHistory(stale, OPTIONS).kind).toBe("fail");
  }
});

test("synthesize: a seed is a history; shares are kept; ranks are those of one log", () => {
  const spec = {
    ...{ operations: 20_000, clients: 64, keys: 10, gets: 0.4, cas: 0.2, versioned: 0.2 },
    ...{ pending: 0.01, indexes: true },
  };
  const h = synthesize(spec);
  expect(synthesize(spec)).toEqual({ ...h, keys: expect.anything(), values: expect.anything() });
  expect(synthesize({ ...spec, seed: 2 }).op).not.toEqual(h.op);
  const count = (column: ArrayLike<number>, value: number): number =>
    Array.from(column).filter((v) => v === value).length;
  expect(count(h.op, 0) / h.count).toBeCloseTo(0.4, 1);
  expect(count(h.outcome, OUTCOME_MISMATCH) / h.count).toBeCloseTo(0.16, 1);
  expect(count(h.outcome, OUTCOME_INFO) / h.count).toBeCloseTo(0.01, 2);
  const ranks = [...h.call, ...h.ret].filter((rank) => rank !== NO_RETURN).sort((a, b) => a - b);
  expect(ranks).toEqual([...ranks.keys()]);
});
