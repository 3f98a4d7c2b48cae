import { expect, test } from "bun:test";
import { type Command, commandProblem, FLAG_LENGTH, OP_INCR } from "./command.ts";
import { INVALID, OK } from "./status.ts";
import { KvStore } from "./store.ts";
import { append, command, del, Driver, encoded, put } from "./testing/commands.ts";

const utf8 = new TextEncoder();
const incr = (key: string, by: string | number): Command =>
  command({ op: OP_INCR, key: utf8.encode(key), value: utf8.encode(String(by)) });
const appendWithLength = (key: string, value: string): Command => ({
  ...append(key, value),
  flags: FLAG_LENGTH,
});
const digitsOf = ({ result }: KvStore): string =>
  new TextDecoder().decode(
    result.valueIn.subarray(result.valueAt, result.valueAt + result.valueBytes),
  );

test("incr: begins at 0, adds either sign, and answers with the sum", () => {
  const store = new KvStore();
  const kv = new Driver(store);
  for (const [by, sum] of [
    [1, "1"],
    [41, "42"],
    [-50, "-8"],
    ["9223372036854775807", "9223372036854775799"],
  ] as const) {
    expect(kv.apply(incr("n", by))).toMatchObject({ status: OK });
    expect(digitsOf(store)).toBe(sum);
  }
  expect(kv.read("n")).toEqual({ status: OK, version: 4, value: "9223372036854775799" });
});

test("incr: a value that is no integer, or a sum beyond 64 bits, changes nothing", () => {
  const store = new KvStore();
  const kv = new Driver(store);
  kv.apply(put("word", "one"));
  expect(kv.apply(incr("word", 1))).toMatchObject({ status: INVALID, version: 1 });
  expect(store.result.valueBytes).toBe(0);
  kv.apply(put("most", "9223372036854775807"));
  expect(kv.apply(incr("most", 1))).toMatchObject({ status: INVALID, version: 1 });
  expect(kv.apply(incr("new", "x"))).toMatchObject({ status: INVALID, version: 0 });
  expect(kv.read("word").value).toBe("one");
  expect(kv.read("most").value).toBe("9223372036854775807");
  expect(store.size).toBe(2);
});

test("incr: a key that was deleted and put again counts from its new value", () => {
  const store = new KvStore();
  const kv = new Driver(store);
  kv.apply(incr("n", 5));
  kv.apply(del("n"));
  kv.apply(put("n", "100"));
  // The version is 1 as it was after the first incr: a put at that version could not tell the two apart.
  expect(kv.read("n").version).toBe(1);
  kv.apply(incr("n", 1));
  expect(digitsOf(store)).toBe("101");
});

test("append: tells the length afterwards where that is asked for", () => {
  const store = new KvStore();
  const kv = new Driver(store);
  const appended = (value: string): string => {
    kv.apply(appendWithLength("a", value));
    return digitsOf(store);
  };
  expect(appended("one")).toBe("3");
  expect(appended("")).toBe("3");
  expect(appended("-two")).toBe("7");
  kv.apply(append("a", "!"));
  expect(store.result.valueBytes).toBe(0);
});

test("incr and a length: not within a session, which keeps no values, and only by what may be an integer", () => {
  const problem = (one: Command): string | null => {
    const { view, at, end } = encoded(one);
    return commandProblem(view, at, end);
  };
  const inSession = { session: 3, seq: 1 };
  expect(problem({ ...incr("a", 1), ...inSession })).toContain("session");
  expect(problem({ ...appendWithLength("a", "x"), ...inSession })).toContain("session");
  expect(problem({ ...append("a", "x"), ...inSession })).toBeNull();
  expect(problem(incr("a", ""))).toBe("incr by what is no integer");
  expect(problem(incr("a", "1".repeat(21)))).toBe("incr by what is no integer");
  expect(problem(incr("a", 1))).toBeNull();
});
