import { describe, expect, test } from "bun:test";
import { DONE_FAIL, DONE_INFO, DONE_MISMATCH, DONE_OK } from "../client/ports.ts";
import {
  NO_RETURN,
  OUTCOME_FAIL,
  OUTCOME_INFO,
  OUTCOME_MISMATCH,
  OUTCOME_OK,
} from "../history/op.ts";
import { FLAG_EXPECTED, OP_APPEND, OP_GET, OP_PUT } from "../kv/command.ts";
import type { Mix } from "./spec.ts";
import { BenchTop } from "./testing/bench-top.ts";

const NONE: Mix = { get: 0, put: 0, cas: 0, append: 0, delete: 0 };
const only = (action: keyof Mix): Mix => ({ ...NONE, [action]: 1 });
const one = (mix: Mix): BenchTop => {
  const top = new BenchTop({ mix, clients: 1, keys: 1 });
  top.driver.begin(0);
  return top;
};

describe("workers", () => {
  test("the clerk's outcomes are the history's", () => {
    expect([DONE_OK, DONE_FAIL, DONE_MISMATCH, DONE_INFO]).toEqual([
      OUTCOME_OK,
      OUTCOME_FAIL,
      OUTCOME_MISMATCH,
      OUTCOME_INFO,
    ]);
  });

  test("cas expects the version last seen, 0 at first; a refusal teaches it too", () => {
    const top = one(only("cas"));
    expect(top.started[0]).toMatchObject({ op: OP_PUT, flags: FLAG_EXPECTED, expected: 0 });
    top.end(0, 1, { outcome: DONE_MISMATCH, version: 41 });
    expect(top.started[1]!.expected).toBe(41);
    top.end(0, 2, { version: 42 });
    expect(top.started[2]!.expected).toBe(42);
    top.end(0, 3, { outcome: DONE_INFO, version: -1 });
    expect(top.started[3]!.expected).toBe(42);
  });

  test("no two writes carry the same value", () => {
    const top = one({ ...NONE, put: 0.5, append: 0.5 });
    for (let i = 0; i < 500; i++) top.end(0, i, { version: 1 });
    const values = new Set(top.started.map((s) => Buffer.from(s.value).toString("hex")));
    expect(values.size).toBe(501);
    const sizes = new Set(top.started.map((s) => `${s.op} ${s.value.length === 16}`));
    expect(sizes).toContain(`${OP_PUT} true`);
    expect(sizes).toContain(`${OP_APPEND} false`);
  });

  test("the history holds what was asked and answered, in one order", () => {
    const top = new BenchTop({ clients: 1, keys: 1, mix: { ...NONE, get: 0.5, put: 0.5 } });
    top.driver.begin(0);
    let stored = new Uint8Array(0);
    let version = 0;
    for (let i = 0; i < 40; i++) {
      const { op, value } = top.started[i]!;
      if (op === OP_PUT) {
        stored = Uint8Array.from(value);
        version++;
      }
      const valueIn = op === OP_GET ? stored : new Uint8Array(0);
      top.end(0, i + 0.5, { version, index: 100 + i, valueIn });
    }
    const history = top.history();
    expect(history.count).toBe(41);
    let last = -1;
    for (let i = 0; i < 40; i++) {
      expect(history.op[i]).toBe(top.started[i]!.op);
      expect(history.outcome[i]).toBe(OUTCOME_OK);
      expect(history.index[i]).toBe(100 + i);
      expect([history.call[i]!, history.ret[i]!]).toEqual([2 * i, 2 * i + 1]);
      if (history.op[i] === OP_PUT) last = history.value[i]!;
      else if (last !== -1) expect(history.value[i]).toBe(last);
    }
    expect(history.keys.name(0)).toBe("k0000000");
    expect(history.values.name(last)).toMatch(/^v\d+$/);
    expect(history.ret[40]).toBe(NO_RETURN);
  });

  test("a worker goes on as another process after an unknown outcome", () => {
    const top = one(only("put"));
    top.end(0, 1, { outcome: DONE_INFO, version: -1 });
    top.end(0, 2, { outcome: DONE_FAIL, version: -1 });
    top.end(0, 3, { version: 1 });
    const { process, outcome } = top.history();
    expect([...process]).toEqual([0, 1, 1, 1]);
    expect([...outcome].slice(0, 3)).toEqual([OUTCOME_INFO, OUTCOME_FAIL, OUTCOME_OK]);
  });

  test("a read of appended tokens is a text made of their names", () => {
    const top = one({ ...NONE, get: 1e-12, append: 1 });
    const tokens = [0, 1].map((i) => {
      const { value } = top.started[i]!;
      top.end(0, i, { version: i + 1 });
      return value;
    });
    top.driver.stop(0);
    top.end(0, 5, { version: 3 });
    top.driver.readAll(6);
    top.end(0, 7, { version: 3, valueIn: Buffer.concat(tokens) });
    const history = top.history();
    const text = history.values.name(history.value[3]!);
    expect(text).toBe(
      history.values.name(history.value[0]!) + history.values.name(history.value[1]!),
    );
  });
});
