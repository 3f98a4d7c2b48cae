import { expect, test } from "bun:test";
import * as kvStatus from "../kv/status.ts";
import { isDefinite, STATUS, type StatusName, statusName } from "./errors.ts";
import { KIND, kindName } from "./kinds.ts";

const NAMES = Object.keys(STATUS) as StatusName[];

test("status: codes are 0, 1, 2, … and lead back to their names", () => {
  expect(NAMES.map((name) => STATUS[name].code)).toEqual(NAMES.map((_, code) => code as 0));
  for (const name of NAMES) expect(statusName(STATUS[name].code)).toBe(name);
  expect(statusName(NAMES.length)).toBeUndefined();
});

test("status: what may still take effect is indefinite, and nothing else", () => {
  const indefinite = NAMES.filter((name) => !isDefinite(STATUS[name].code));
  expect(indefinite).toEqual(["leadershipLost", "timeout"]);
});

test("status: the state machines' codes are those of the registry", () => {
  expect({ ...kvStatus }).toEqual({
    OK: STATUS.ok.code,
    NOT_FOUND: STATUS.notFound.code,
    VERSION_MISMATCH: STATUS.versionMismatch.code,
    SESSION_EXPIRED: STATUS.sessionExpired.code,
    INVALID: STATUS.invalid.code,
    WRONG_SHARD: STATUS.wrongShard.code,
  });
});

test("kinds: numbers are of one byte, unique, and lead back to their names", () => {
  const kinds = Object.entries(KIND) as [keyof typeof KIND, number][];
  expect(new Set(kinds.map(([, kind]) => kind)).size).toBe(kinds.length);
  for (const [name, kind] of kinds) {
    expect(kind).toBeGreaterThan(0);
    expect(kind).toBeLessThan(256);
    expect(kindName(kind)).toBe(name);
  }
  expect(kindName(0)).toBeUndefined();
});
