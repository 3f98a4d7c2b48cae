import { expect, test } from "bun:test";
import { FLAG_EXPECTED, FLAG_LOCAL, OP_GET, OP_PUT } from "../kv/command.ts";
import { Prng } from "../lib/prng.ts";
import {
  ACTION_CAS,
  ACTION_GET,
  ACTION_SCAN,
  actionChooser,
  actionFlags,
  actionOp,
  ACTIONS,
  shareOf,
} from "./mix.ts";

const SEED = 20260731;
const DRAWS = 100_000;

test("mix: actions come in their shares, and one with share 0 never", () => {
  const mix = { get: 0.5, put: 0.2, cas: 0.3, append: 0, delete: 0 };
  const choose = actionChooser(mix, new Prng(SEED));
  const counts = ACTIONS.map(() => 0);
  for (let i = 0; i < DRAWS; i++) counts[choose()]!++;
  for (const [action, name] of ACTIONS.entries()) {
    expect(counts[action]! / DRAWS, `seed ${SEED} ${name}`).toBeCloseTo(shareOf(mix, name), 2);
  }
  expect(counts.slice(3)).toEqual([0, 0, 0, 0]);
});

test("mix: a share that rounding leaves open goes to the last action that has one", () => {
  const choose = actionChooser({ get: 0, put: 0, cas: 0, append: 1e-9, delete: 0 }, new Prng(SEED));
  expect([choose(), choose()]).toEqual([3, 3]);
});

test("mix: cas is a put with an expected version; only reads can be local", () => {
  expect(actionOp(ACTION_CAS)).toBe(OP_PUT);
  expect(actionFlags(ACTION_CAS, true)).toBe(FLAG_EXPECTED);
  expect(actionOp(ACTION_GET)).toBe(OP_GET);
  expect(actionFlags(ACTION_GET, true)).toBe(FLAG_LOCAL);
  expect(actionFlags(ACTION_SCAN, true)).toBe(FLAG_LOCAL);
  expect(actionFlags(ACTION_GET, false)).toBe(0);
});
