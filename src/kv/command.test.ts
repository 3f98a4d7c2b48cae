import { expect, test } from "bun:test";
import { Prng } from "../lib/prng.ts";
import {
  COMMAND_HEADER_BYTES,
  type Command,
  commandBytes,
  commandExpected,
  commandProblem,
  commandSession,
  FLAG_EXPECTED,
  FLAG_LOCAL,
  KEY_BYTES_MAX,
  OP_APPEND,
  OP_DELETE,
  OP_GET,
  OP_OPEN_SESSION,
  OP_PUT,
  type OpCode,
  readCommand,
  VALUE_BYTES_MAX,
} from "./command.ts";
import { command, encoded, get, openSession, put } from "./testing/commands.ts";

const U53_MAX = 2 ** 53 - 1;

/** What commandProblem says of a command after `spoil` has been at its bytes. */
function problemOf(c: Command, spoil?: (view: DataView, at: number) => void): string | null {
  const { view, at, end } = encoded(c);
  spoil?.(view, at);
  return commandProblem(view, at, end);
}

test("command: what was written is read again, at any offset, with any number up to 2^53 - 1", () => {
  const prng = new Prng(1);
  const numbers = [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, U53_MAX - 1, U53_MAX];
  const bytes = (n: number): Uint8Array => Uint8Array.from({ length: n }, () => prng.below(256));
  for (let i = 0; i < 500; i++) {
    const op = prng.pick<OpCode>([OP_GET, OP_PUT, OP_APPEND, OP_DELETE, OP_OPEN_SESSION]);
    const c: Command = {
      op,
      flags: prng.below(4),
      session: prng.pick(numbers),
      seq: prng.u32(),
      nonce: prng.u32(),
      expected: prng.pick(numbers),
      key: bytes(op === OP_OPEN_SESSION ? 0 : prng.between(1, 40)),
      value: bytes(op === OP_PUT || op === OP_APPEND ? prng.below(100) : 0),
    };
    const { bytes: out, view, at, end } = encoded(c);
    expect(end - at).toBe(commandBytes(c.key.length, c.value.length));
    expect(commandProblem(view, at, end)).toBeNull();
    expect(readCommand(out, view, at)).toEqual(c);
    expect(commandSession(view, at)).toBe(c.session);
    expect(commandExpected(view, at)).toBe(c.expected);
  }
});

test("command: the layout is that of the docstring", () => {
  const { bytes, at, end } = encoded({
    op: OP_PUT,
    flags: FLAG_EXPECTED,
    session: 0x01_0203_0405,
    seq: 6,
    nonce: 7,
    expected: 8,
    key: Uint8Array.of(0xaa, 0xbb),
    value: Uint8Array.of(0xcc),
  });
  expect([...bytes.subarray(at, end)]).toEqual([
    ...[1, 1, 2, 0, 1, 0, 0, 0],
    ...[5, 4, 3, 2, 1, 0, 0, 0],
    ...[6, 0, 0, 0, 7, 0, 0, 0],
    ...[8, 0, 0, 0, 0, 0, 0, 0],
    ...[0xaa, 0xbb, 0xcc],
  ]);
});

test("commandProblem: limits are inclusive", () => {
  const longKey = put("k".repeat(KEY_BYTES_MAX), "");
  expect(problemOf(longKey)).toBeNull();
  expect(problemOf(put("k".repeat(KEY_BYTES_MAX + 1), ""))).toContain("the limit is 4096");
  expect(problemOf(put("k", new Uint8Array(VALUE_BYTES_MAX)))).toBeNull();
  expect(problemOf(put("k", new Uint8Array(VALUE_BYTES_MAX + 1)))).toContain(
    "the limit is 8388608",
  );
  expect(problemOf(get("k"), (view, at) => view.setUint8(at + 1, FLAG_LOCAL))).toBeNull();
});

test("commandProblem: names what is wrong", () => {
  const u8 = (offset: number, value: number) => (view: DataView, at: number) =>
    view.setUint8(at + offset, value);
  expect(problemOf(get("k"), u8(0, 7))).toBe("op 7 is not known");
  expect(problemOf(get("k"), u8(1, 8))).toBe("flags 8 are not known");
  expect(problemOf(command({ op: OP_GET }))).toBe("key of 0 bytes");
  expect(problemOf({ ...openSession(), key: Uint8Array.of(1) })).toBe("key of 1 bytes");
  for (const op of [OP_GET, OP_DELETE, OP_OPEN_SESSION] as const) {
    const key = new Uint8Array(op === OP_OPEN_SESSION ? 0 : 1);
    const spoiled = command({ op, key, value: Uint8Array.of(1) });
    expect(problemOf(spoiled)).toBe("a value where none belongs");
  }
  expect(problemOf(put("k", "v"), u8(4, 2))).toBe("lengths do not add up");
  expect(problemOf(put("k", "v"), u8(2, 2))).toBe("lengths do not add up");
  expect(problemOf(put("k", "v"), u8(14, 0x20))).toBe("session exceeds 2^53 - 1");
  expect(problemOf(put("k", "v"), u8(30, 0x20))).toBe("expected exceeds 2^53 - 1");
});

test("commandProblem: every truncation and a trailing byte are refused", () => {
  const { bytes, at, end } = encoded(put("key", "value"));
  const view = new DataView(Uint8Array.of(...bytes, 0).buffer);
  for (let cut = at; cut < end; cut++) {
    const expected =
      cut - at < COMMAND_HEADER_BYTES ? "command is cut short" : "lengths do not add up";
    expect(commandProblem(view, at, cut)).toBe(expected);
  }
  expect(commandProblem(view, at, end)).toBeNull();
  expect(commandProblem(view, at, end + 1)).toBe("lengths do not add up");
});
