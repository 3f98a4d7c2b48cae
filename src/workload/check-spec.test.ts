import { expect, test } from "bun:test";
import { UserError } from "../lib/user-error.ts";
import { checkLoadSpec } from "./check-spec.ts";
import { SPEC } from "./testing/bench-top.ts";

test("load spec: a sound one passes", () => {
  checkLoadSpec(SPEC);
  checkLoadSpec({ ...SPEC, durationMs: null, rate: 0.5, valueBytes: 8 });
});

test("load spec: every problem is named at once", () => {
  const bad = {
    ...SPEC,
    clients: 0,
    rate: -1,
    keys: 1.5,
    valueBytes: 3,
    warmupMs: 2000,
    mix: { ...SPEC.mix, put: 0.6 },
  };
  try {
    checkLoadSpec(bad);
    expect.unreachable();
  } catch (error) {
    const where = (error as UserError).problems.map((p) => p.where);
    const named = ["clients", "keys", "valueBytes", "rate", "warmupMs", "mix"];
    expect(where.sort()).toEqual(named.sort());
  }
});
