import { expect, test } from "bun:test";
import {
  FLAG_EXPECTED,
  FLAG_LENGTH,
  FLAG_LOCAL,
  KEY_BYTES_MAX,
  OP_APPEND,
  OP_GET,
  OP_INCR,
  OP_PUT,
  OP_SCAN,
} from "../kv/command.ts";
import { Prng } from "../lib/prng.ts";
import { WireError } from "./bytes.ts";
import { STATUS } from "./errors.ts";
import { JSON_LINE_BYTES_MAX, LineReader } from "./json-lines.ts";
import { errorOf, jsonAnswer, jsonError } from "./json-reply.ts";
import { type JsonProblem, type JsonRequest, parseJsonRequest } from "./json-request.ts";

const utf8 = new TextEncoder();
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function parse(request: object): JsonRequest {
  const parsed = parseJsonRequest(JSON.stringify(request));
  if ("problem" in parsed) throw new Error(parsed.problem);
  return parsed;
}
const problemOf = (request: unknown): string =>
  (parseJsonRequest(typeof request === "string" ? request : JSON.stringify(request)) as JsonProblem)
    .problem;

const reply = (value = "", more: object = {}) => ({
  ...{ status: 0, leaderHint: 0, version: 3, index: 9 },
  ...{ valueIn: utf8.encode(value), valueAt: 0, valueBytes: utf8.encode(value).length },
  ...more,
});

test("json lines: random lines come out as they went in, however the bytes are cut", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const prng = new Prng(seed);
    const lines = Array.from({ length: prng.between(1, 20) }, () =>
      Array.from({ length: prng.below(prng.chance(0.1) ? 2_000 : 30) }, () =>
        prng.pick([...'aé€😀{}"\\ \r']),
      ).join(""),
    );
    const bytes = utf8.encode(lines.map((line) => `${line}\n`).join(""));
    const reader = new LineReader();
    const got: string[] = [];
    const most = prng.pick([1, 3, 50, bytes.length]);
    for (let at = 0; at < bytes.length;) {
      const end = Math.min(bytes.length, at + prng.between(1, most));
      reader.feed(bytes.slice(at, end));
      for (let line = reader.next(); line !== null; line = reader.next()) got.push(line);
      at = end;
    }
    expect({ seed, got }).toEqual({ seed, got: lines });
    expect(reader.buffered).toBe(0);
  }
});

test("json lines: a line without an end and one that is no UTF-8 are refused", () => {
  const reader = new LineReader();
  const feed = (): void => {
    for (let i = 0; i <= JSON_LINE_BYTES_MAX >> 20; i++) {
      reader.feed(new Uint8Array((1 << 20) + 1).fill(0x61));
      reader.next();
    }
  };
  expect(feed).toThrow(WireError);
  const other = new LineReader();
  other.feed(Uint8Array.of(0xff, 0x0a));
  expect(() => other.next()).toThrow("a line is not UTF-8");
});

test("json request: each op becomes a command", () => {
  expect(parse({ op: "put", key: "x", value: "1" })).toMatchObject({
    op: OP_PUT,
    flags: 0,
    expected: 0,
  });
  const put = parse({ op: "put", key64: "AP8=", value64: "gA==", expected: 0, id: "a" });
  expect(put).toMatchObject({ id: "a", flags: FLAG_EXPECTED, expected: 0 });
  expect([put.key, put.value]).toEqual([Uint8Array.of(0, 255), Uint8Array.of(128)]);
  expect(parse({ op: "get", key: "x", local: true })).toMatchObject({
    op: OP_GET,
    flags: FLAG_LOCAL,
  });
  expect(parse({ op: "append", key: "x", value: "" })).toMatchObject({
    op: OP_APPEND,
    flags: FLAG_LENGTH,
  });
  expect(text(parse({ op: "incr", key: "x" }).value)).toBe("1");
  expect(text(parse({ op: "incr", key: "x", by: -5 }).value)).toBe("-5");
  const scan = parse({ op: "scan", prefix: "ab", limit: 7 });
  expect([scan.op, scan.expected, text(scan.key), text(scan.value)]).toEqual([
    OP_SCAN,
    7,
    "ab",
    "ac",
  ]);
  const page = parse({ op: "scan", prefix: "ab", from: "abx" });
  expect([text(page.key), text(page.value)]).toEqual(["abx", "ac"]);
  expect(parse({ op: "ping", id: 1 })).toMatchObject({ id: 1, op: null });
});

test("json request: all that is wrong with a line is said at once, with its id", () => {
  expect(problemOf("nonsense")).toBe("the line is not one JSON object");
  expect(problemOf("[1]")).toBe("the line is not one JSON object");
  expect(problemOf("null")).toBe("the line is not one JSON object");
  expect(problemOf({ op: "toString" })).toStartWith("op must be one of get, put,");
  expect(parseJsonRequest('{"id":4,"op":"put","valu":1}')).toEqual({
    id: 4,
    problem: '"valu" is not known here; "key" is missing; "value" is missing',
  });
  expect(problemOf({ op: "get", key: 1 })).toBe("key must be a string");
  expect(problemOf({ op: "get", key: "" })).toBe("key is empty");
  expect(problemOf({ op: "get", key: "x", key64: "eA==" })).toContain("exclude each other");
  expect(problemOf({ op: "get", key64: "?" })).toContain("key64 must be base64");
  expect(problemOf({ op: "get", key: "k".repeat(KEY_BYTES_MAX + 1) })).toContain(
    "the limit is 4096",
  );
  expect(problemOf({ op: "put", key: "x", value: "1", expected: -1 })).toContain(
    "expected must be",
  );
  expect(problemOf({ op: "scan", limit: 0 })).toContain(
    "limit must be a whole number from 1 to 1000",
  );
  expect(problemOf({ op: "scan", prefix: "a", end: "b" })).toContain("exclude each other");
});

test("json reply: values are text where they can be, and base64 where they cannot", () => {
  const get = (bytes: Uint8Array): unknown =>
    JSON.parse(
      jsonAnswer(undefined, OP_GET, reply("", { valueIn: bytes, valueBytes: bytes.length })),
    );
  expect(get(utf8.encode("\ufeffé\n"))).toEqual({
    ok: true,
    value: "\ufeffé\n",
    version: 3,
    index: 9,
  });
  expect(get(Uint8Array.of(0xff))).toEqual({ ok: true, value64: "/w==", version: 3, index: 9 });
  expect(jsonAnswer("a", OP_INCR, reply("42"))).toBe(
    '{"id":"a","ok":true,"value":"42","version":3,"index":9}\n',
  );
  expect(jsonAnswer(1, null, reply())).toBe('{"id":1,"ok":true}\n');
});

test("json reply: an error has a code, whether it is definite, and what helps with it", () => {
  const error = (status: number, leader = null as Parameters<typeof errorOf>[1]): unknown =>
    JSON.parse(jsonError(undefined, errorOf(reply("", { status }), leader)));
  expect(error(STATUS.versionMismatch.code)).toMatchObject({
    ok: false,
    error: { code: "versionMismatch", definite: true, version: 3 },
  });
  expect(error(STATUS.leadershipLost.code)).toMatchObject({ error: { definite: false } });
  const leader = { id: 2, host: "h", port: 7 };
  expect(error(STATUS.notLeader.code, leader)).toMatchObject({
    error: { code: "notLeader", leader },
  });
});
