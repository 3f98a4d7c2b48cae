import { expect, test } from "bun:test";
import { VALUE_BYTES_MAX } from "../kv/command.ts";
import { Prng } from "../lib/prng.ts";
import { WireError } from "./bytes.ts";
import {
  RESP_ARGS_MAX,
  RESP_COMMAND_BYTES_MAX,
  RESP_INLINE_BYTES_MAX,
  RespReader,
} from "./resp.ts";

const utf8 = new TextEncoder();

/** As a client writes a command. */
const encode = (args: readonly Uint8Array[]): Uint8Array =>
  Buffer.concat([
    utf8.encode(`*${args.length}\r\n`),
    ...args.flatMap((arg) => [utf8.encode(`$${arg.length}\r\n`), arg, utf8.encode("\r\n")]),
  ]);

const argsOf = ({ argc, source, starts, ends }: RespReader): Uint8Array[] =>
  Array.from({ length: argc }, (_, i) => source.slice(starts[i]!, ends[i]!));

/** All commands in the bytes, however they are cut: `cut` gives the lengths of the chunks. */
function readAll(bytes: Uint8Array, cut: () => number): Uint8Array[][] {
  const reader = new RespReader();
  const commands: Uint8Array[][] = [];
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + cut());
    reader.feed(bytes.slice(at, end));
    while (reader.next()) commands.push(argsOf(reader));
    at = end;
  }
  expect(reader.buffered).toBe(0);
  return commands;
}

const texts = (commands: readonly Uint8Array[][]): string[][] =>
  commands.map((command) => command.map((arg) => Buffer.from(arg).toString("latin1")));
const readText = (text: string, chunk = text.length): string[][] =>
  texts(readAll(utf8.encode(text), () => chunk));

function problemOf(bytes: Uint8Array | string, chunk = Infinity): string {
  try {
    readAll(typeof bytes === "string" ? utf8.encode(bytes) : bytes, () => chunk);
  } catch (error) {
    expect(error).toBeInstanceOf(WireError);
    return (error as WireError).message;
  }
  return "none";
}

test("resp: random commands come out as they went in, however the bytes are cut", () => {
  for (let seed = 1; seed <= 30; seed++) {
    const prng = new Prng(seed);
    const bytes = (most: number): Uint8Array =>
      Uint8Array.from({ length: prng.below(most) }, () => prng.below(256));
    const commands = Array.from({ length: prng.between(1, 30) }, () =>
      Array.from({ length: prng.between(1, 6) }, () => bytes(prng.chance(0.1) ? 3_000 : 40)),
    );
    const stream = Buffer.concat(commands.map(encode));
    const most = prng.pick([1, 2, 7, 100, 5_000, stream.length]);
    const got = readAll(stream, () => prng.between(1, most));
    expect({ seed, commands: texts(got) }).toEqual({ seed, commands: texts(commands) });
  }
});

test("resp: arguments are views of the chunk, and stay as they are while more comes", () => {
  const reader = new RespReader();
  const chunk = Buffer.concat([
    encode([utf8.encode("GET"), utf8.encode("first")]),
    utf8.encode("*1\r\n$4"),
  ]);
  reader.feed(chunk);
  expect(reader.next()).toBe(true);
  const key = reader.source.subarray(reader.starts[1]!, reader.ends[1]!);
  expect(key.buffer).toBe(chunk.buffer);
  for (const more of ["\r\nPI", "NG", "\r\n", "*1\r\n$4\r\nQUIT\r\n"]) {
    expect(reader.next()).toBe(false);
    reader.feed(utf8.encode(more));
    while (more !== "\r\nPI" && more !== "NG" && reader.next());
  }
  expect(Buffer.from(key).toString()).toBe("first");
});

test("resp: lines that are typed are commands; empty lines and empty arrays are none", () => {
  expect(readText("PING\r\n\r\n*0\r\n*-1\r\n  GET   x \nQUIT\n")).toEqual([
    ["PING"],
    ["GET", "x"],
    ["QUIT"],
  ]);
  expect(readText('SET "a b" \'c\\\'d\' "\\x41\\n\\"" ""\r\n')).toEqual([
    ["SET", "a b", "c'd", 'A\n"', ""],
  ]);
  expect(readText('SET a "b c"\r\nGET a\r\n', 1)).toEqual([
    ["SET", "a", "b c"],
    ["GET", "a"],
  ]);
});

test("resp: what is no RESP is refused with one sentence, also when it comes byte by byte", () => {
  const cases = [
    ["*x\r\n", "invalid multibulk length"],
    ["*1x\r\n", "invalid multibulk length"],
    [`*${RESP_ARGS_MAX + 1}\r\n`, "invalid multibulk length"],
    ["*99999999999999999999999999999999999\r\n", "invalid multibulk length"],
    // Its line is one byte, or two, longer than a length may be: none of it may be read ahead.
    [`*-${"1".repeat(29)}\r\n`, "invalid multibulk length"],
    [`*-${"1".repeat(30)}\r\n`, "invalid multibulk length"],
    ["*1\r\n:3\r\n", "expected '$', got ':'"],
    ["*1\r\n\x01\r\n", "expected '$', got '?'"],
    ["*1\r\n$x\r\n", "invalid bulk length"],
    ["*1\r\n$-1\r\n", "invalid bulk length"],
    ["*1\r\n$-2\r\n", "invalid bulk length"],
    [
      `*1\r\n$${VALUE_BYTES_MAX + 1}\r\n`,
      `invalid bulk length: ${VALUE_BYTES_MAX + 1} bytes, the limit is ${VALUE_BYTES_MAX}`,
    ],
    ["*1\r\n$4\r\nPINGxx", "bulk string without CRLF at its end"],
    ["*1\r\n$\r\n", "invalid bulk length"],
    ['GET "x\r\n', "unbalanced quotes in request"],
    ['GET "x"y\r\n', "unbalanced quotes in request"],
  ] as const;
  for (const [text, problem] of cases) {
    expect([text, problemOf(text)]).toEqual([text, `Protocol error: ${problem}`]);
    expect([text, problemOf(text, 1)]).toEqual([text, `Protocol error: ${problem}`]);
  }
});

test("resp: a line without an end, or a command beyond its limit, is refused before it is kept", () => {
  const line = new Uint8Array(RESP_INLINE_BYTES_MAX + 2).fill(0x61);
  expect(problemOf(line, 1_000)).toBe(
    `Protocol error: too big inline request: the limit is ${RESP_INLINE_BYTES_MAX} bytes`,
  );
  const value = new Uint8Array(VALUE_BYTES_MAX);
  const first = encode([utf8.encode("MSET"), utf8.encode("a"), value]).slice();
  first.set(utf8.encode("*5"), 0);
  const rest = utf8.encode(`$1\r\nb\r\n$${VALUE_BYTES_MAX}\r\n`);
  expect(problemOf(Buffer.concat([first, rest]), 1 << 20)).toBe(
    `Protocol error: too big request: the limit is ${RESP_COMMAND_BYTES_MAX} bytes`,
  );
});

test("resp: random bytes are commands, an unfinished one, or a WireError, and nothing else", () => {
  const alphabet = utf8.encode("*$\r\n0123456789-abGETx\"' \\");
  for (let seed = 1; seed <= 300; seed++) {
    const prng = new Prng(seed);
    const reader = new RespReader();
    try {
      for (let i = 0; i < 20; i++) {
        reader.feed(
          Uint8Array.from({ length: prng.between(1, 12) }, () => prng.pick([...alphabet])),
        );
        while (reader.next()) expect(reader.argc).toBeGreaterThan(0);
      }
    } catch (error) {
      expect(error).toBeInstanceOf(WireError);
    }
  }
});
