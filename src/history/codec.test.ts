import { expect, test } from "bun:test";
import { OP_APPEND, OP_GET, OP_PUT } from "../kv/command.ts";
import { UserError } from "../lib/user-error.ts";
import { HistoryWriter, NO_VALUE, readHistory } from "./codec.ts";
import { readRecording } from "./reader.ts";
import { NO_RETURN, OUTCOME_FAIL, OUTCOME_INFO, OUTCOME_MISMATCH, OUTCOME_OK } from "./op.ts";

const START_US = 1_800_000_000_000_000;

function fileOf(writer: HistoryWriter): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (let b = writer.take(); b !== null; b = writer.take()) blocks.push(b);
  return new Uint8Array(Buffer.concat(blocks));
}

/** Five operations of every outcome, on two keys. */
function sample(): HistoryWriter {
  const w = new HistoryWriter(START_US, 64);
  const a = w.defineKey("a");
  const b = w.defineKey("schlüssel");
  w.invoke(1, OP_PUT, a, 5, -1, START_US + 10);
  w.invoke(2, OP_PUT, b, 2 ** 40, 3, START_US + 11);
  w.complete(1, OUTCOME_OK, 1, 90_000_000_000, NO_VALUE, START_US + 20);
  w.complete(2, OUTCOME_MISMATCH, 7, 12, NO_VALUE, START_US + 25);
  w.invoke(1, OP_APPEND, a, 9, -1, START_US + 30);
  w.invoke(2, OP_GET, a, NO_VALUE, -1, START_US + 31);
  w.complete(2, OUTCOME_OK, 2, 14, w.defineValue("v5v9"), START_US + 5_000_000_000);
  w.complete(1, OUTCOME_INFO, -1, 0, NO_VALUE, START_US + 5_000_000_001);
  w.invoke(2, OP_PUT, b, 6, 0, START_US + 5_000_000_002);
  w.complete(2, OUTCOME_FAIL, -1, 0, NO_VALUE, START_US + 5_000_000_003);
  w.invoke(2, OP_GET, b, NO_VALUE, -1, START_US + 5_000_000_004);
  return w;
}

test("history: what was written is read, in order of invocation, with ranks for times", () => {
  const h = readHistory(fileOf(sample()));
  expect(h.count).toBe(6);
  const names = (ids: Int32Array) => [...ids].map((id) => (id < 0 ? null : h.values.name(id)));
  expect([...h.op]).toEqual([OP_PUT, OP_PUT, OP_APPEND, OP_GET, OP_PUT, OP_GET]);
  expect([...h.process]).toEqual([1, 2, 1, 2, 2, 2]);
  expect([...h.key].map((k) => h.keys.name(k))).toEqual(
    ["a", "b", "a", "a", "b", "b"].map((k) => (k === "b" ? "schlüssel" : k)),
  );
  expect([...h.outcome]).toEqual([
    OUTCOME_OK,
    OUTCOME_MISMATCH,
    OUTCOME_INFO,
    OUTCOME_OK,
    OUTCOME_FAIL,
    OUTCOME_INFO,
  ]);
  expect(names(h.value)).toEqual(["v5", "v1099511627776", "v9", "v5v9", "v6", null]);
  expect([...h.expected]).toEqual([-1, 3, -1, -1, 0, -1]);
  expect([...h.version]).toEqual([1, 7, -1, 2, -1, -1]);
  expect([...h.index]).toEqual([90_000_000_000, 12, 0, 14, 0, 0]);
  expect([...h.call]).toEqual([0, 1, 4, 5, 8, 10]);
  expect([...h.ret]).toEqual([2, 3, NO_RETURN, 6, 9, NO_RETURN]);
  expect([...h.callUs].map((us) => us - START_US)).toEqual([10, 11, 30, 31, 5e9 + 2, 5e9 + 4]);
  expect(h.returnUs[3]! - START_US).toBe(5e9);
  expect(h.returnUs[2]).toBe(0);
});

test("history: a value is the same value whether it is told as a number or as a text", () => {
  const w = new HistoryWriter(START_US);
  const k = w.defineKey("k");
  w.invoke(1, OP_PUT, k, 7, -1, START_US);
  w.invoke(2, OP_PUT, k, w.defineValue("v7"), -1, START_US);
  w.invoke(3, OP_PUT, k, w.defineValue("v07"), -1, START_US);
  w.invoke(4, OP_PUT, k, w.defineValue("v07"), -1, START_US);
  const h = readHistory(fileOf(w));
  expect([...h.value]).toEqual([0, 0, 1, 1]);
  expect(h.values.size).toBe(2);
  expect(h.values.name(1)).toBe("v07");
});

test("history: cut anywhere, it reads as the whole records before the cut", () => {
  const file = fileOf(sample());
  const whole = readHistory(file);
  let rows = 0;
  for (let bytes = 16; bytes <= file.length; bytes++) {
    const cut = readHistory(file.subarray(0, bytes));
    expect(cut.count).toBeGreaterThanOrEqual(rows);
    rows = cut.count;
    expect([...cut.call]).toEqual([...whole.call.subarray(0, rows)]);
  }
  expect(rows).toBe(whole.count);
  expect(readRecording(file).cutBytes).toBe(0);
  expect(readRecording(file.subarray(0, -1)).cutBytes).toBe(15);
});

test("history: a text of an absurd length is damage, not a tail that is cut", () => {
  const file = fileOf(sample());
  file[16 + 7] = 0x7f; // The highest byte of the length of the first key.
  expect(() => readHistory(file)).toThrow("history, byte 16: a text of 2130706433 bytes");
});

test("history: damage is refused with its offset, never misread into a crash", () => {
  const file = fileOf(sample());
  let refused = 0;
  for (let at = 0; at < file.length; at++) {
    for (const flip of [0x01, 0x80, 0xff]) {
      const bad = file.slice();
      bad[at] = bad[at]! ^ flip;
      try {
        expect(readHistory(bad).count).toBeLessThanOrEqual(6);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        expect(error.message).toMatch(/byte \d+: /);
        refused++;
      }
    }
  }
  expect(refused).toBeGreaterThan(file.length / 2);
  expect(() => readHistory(new Uint8Array(3), "h.bin")).toThrow("h.bin, byte 0: too short");
  expect(() => readHistory(new Uint8Array(64))).toThrow("not a history file");
  const process = file.slice();
  const firstInvoke = 16 + 9 + 8 + "schlüssel".length + 1;
  process[firstInvoke + 24 + 8] = 1; // The second put now comes from process 1 as well.
  expect(() => readHistory(process)).toThrow("process 1 has an operation outstanding already");
});

test("history: blocks belong to the caller; take drains what is there", () => {
  const w = new HistoryWriter(START_US, 64);
  const k = w.defineKey("k");
  expect(w.pendingBytes).toBe(25);
  const first = w.take()!.slice();
  expect(w.take()).toBeNull();
  for (let i = 0; i < 10; i++) w.invoke(i, OP_GET, k, NO_VALUE, -1, START_US);
  expect(w.pendingBytes).toBe(160);
  const rest = fileOf(w);
  expect(w.pendingBytes).toBe(0);
  expect(readHistory(new Uint8Array(Buffer.concat([first, rest]))).count).toBe(10);
});
