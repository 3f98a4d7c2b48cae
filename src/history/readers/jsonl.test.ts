import { expect, test } from "bun:test";
import { OUTCOME_FAIL, OUTCOME_MISMATCH } from "../op.ts";
import { readText, shown } from "./testing/shown.ts";

const EVENTS = [
  { process: 0, type: "invoke", f: "put", key: "a", value: "x", time: 1000 },
  { process: 1, type: "invoke", f: "read", key: "a", value: null, time: 2000 },
  { process: "nemesis", type: "info", f: "kill", value: "n1" },
  { process: 1, type: "ok", f: "read", key: "a", value: "x", version: 1, logIndex: 4, time: 3500 },
  { process: 0, type: "info", time: 4000 },
  { process: 2, type: "invoke", f: "cas", key: "b", value: [1, "2"], time: 5000 },
  { process: 2, type: "fail", f: "cas", time: 6000 },
  { process: 3, type: "invoke", f: "put", key: "a", value: 5, expected: 3, time: 7000 },
  { process: 3, type: "mismatch", version: 7, time: 8000 },
  { process: 4, type: "invoke", f: "read", key: "a", time: 9000 },
  { process: 4, type: "ok", value: null, time: 9001 },
];
const text = (lines: readonly unknown[]): string =>
  lines.map((line) => `${JSON.stringify(line)}\n`).join("");

test("jsonl: events are paired by process and ranked by their place; the nemesis is passed over", () => {
  const { history, format, passedOver } = readText(text(EVENTS));
  expect(shown(history)).toEqual([
    "0 put a x → no answer [0, ∞]",
    "1 get a → x, version 1 [1, 2]",
    "2 cas b 2 if 1 → failed [4, 5]",
    "3 put a 5 if version 3 → refused at version 7 [6, 7]",
    "4 get a → nothing [8, 9]",
  ]);
  expect([format, passedOver]).toEqual(["jsonl", 1]);
  expect([...history.index]).toEqual([0, 4, 0, 0, 0]);
  expect([...history.callUs]).toEqual([1, 2, 5, 7, 9]);
  expect(history.returnUs[1]).toBe(3.5);
  expect(history.outcome[2]).toBe(OUTCOME_FAIL);
  const told = readText(text(EVENTS), { failedCas: "mismatch" });
  expect(told.history.outcome[2]).toBe(OUTCOME_MISMATCH);
});

test("jsonl: operations are ordered by their times, a call before a return of the same time", () => {
  const op = { process: 1, key: "a", outcome: "ok" };
  const lines = [
    { ...op, op: "get", value: "x", call: 5, return: 9 },
    { ...op, process: 0, op: "put", value: "x", call: 1, return: 5 },
    { ...op, process: 2, op: "cas", expected: null, value: "y", call: 3, return: null },
    { ...op, process: 3, op: "delete", call: 10, return: 12.5 },
  ];
  lines[2]!.outcome = "info";
  expect(shown(readText(text(lines)).history)).toEqual([
    "0 put a x → ok [0, 3]",
    "2 cas a y if nothing → no answer [1, ∞]",
    "1 get a → x [2, 4]",
    "3 delete a → ok [5, 6]",
  ]);
});

test("jsonl: skew widens intervals until they overlap, and no further", () => {
  const op = { process: 1, key: "a", outcome: "ok", value: "x" };
  const lines = text([
    { ...op, op: "put", call: 0, return: 1_000_000 },
    { ...op, op: "get", call: 2_000_000, return: 3_000_000 },
  ]);
  const ranks = (skewUs: number): unknown => {
    const { call, ret } = readText(lines, { skewUs }).history;
    return [...call, ...ret];
  };
  expect(ranks(499)).toEqual([0, 2, 1, 3]);
  expect(ranks(500)).toEqual([0, 1, 2, 3]);
  const untimed = text([{ process: 1, type: "invoke", f: "get", key: "a" }]);
  expect(() => readText(untimed, { skewUs: 1 })).toThrow("h: not every event has a time");
});

test("jsonl: what is wrong is refused with its line, the reason and what to do", () => {
  const call = { process: 0, type: "invoke", f: "put", key: "a", value: 1 };
  const op = { process: 0, op: "put", key: "a", value: 1, call: 1, return: 2, outcome: "ok" };
  const refused: [readonly unknown[], string][] = [
    [
      [call, { process: 1, type: "ok" }],
      "h, line 2: a reply to process 1, which has called nothing",
    ],
    [[call, call], "h, line 2: process 0 calls while its last call has no reply"],
    [[call, { process: 0, type: "yes" }], 'h, line 2: "yes" is not known'],
    [
      [call, { process: 0, type: "ok", f: "get" }],
      "h, line 2: the reply to process 0 is to another",
    ],
    [
      [call, { process: 0, type: "ok", key: "b" }],
      "h, line 2: the reply to process 0 is to another",
    ],
    [[call, op], "h, line 2: one of operations in a file of events"],
    [[{ ...call, f: "txn" }], 'h, line 1: operation "txn" is not known'],
    [[{ ...call, f: "toString" }], 'h, line 1: operation "toString" is not known'],
    [[{ ...call, process: "3" }], 'h, line 1: "process" is "3"'],
    [[{ ...call, process: -1 }], 'h, line 1: "process" is -1'],
    [[{ ...call, value: undefined }], 'h, line 1: a put without "value"'],
    [[{ ...call, value: 2 ** 60 }], "h, line 1: value 1152921504606847000 is too large"],
    [[{ ...call, f: "cas" }], "h, line 1: a cas of 1"],
    [[op, { ...op, return: 0 }], "h, line 2: it returned at 0, before its call at 1"],
    [[{ ...op, return: undefined }], 'h, line 1: an operation without "return"'],
    [[{ ...op, return: null }], 'h, line 1: an outcome without a time of "return"'],
    [[{ ...op, call: 1.8e18 }], 'h, line 1: "call" is 1800000000000000000'],
    [[{ ...op, op: "get", value: undefined }], 'h, line 1: a read without "value"'],
    [[{ ...op, version: -2 }], 'h, line 1: "version" is -2'],
    [[{ process: 1 }], "h, line 1: neither an event nor an operation"],
  ];
  for (const [lines, message] of refused) expect(() => readText(text(lines))).toThrow(message);
  expect(() => readText(`${text([call])}\n{"process": 0, "ty`)).toThrow("h, line 3: ");
  expect(() => readText('[{"process": 0}]')).toThrow("jq -c '.[]'");
});

test("jsonl: lines may end with a carriage return, and be longer than a block", () => {
  const long = "x".repeat(3 << 20);
  const lines = [
    { process: 0, type: "invoke", f: "put", key: "a", value: long },
    { process: 0, type: "ok" },
    { process: 1, type: "invoke", f: "get", key: "a" },
    { process: 1, type: "ok", value: long },
  ];
  const { history } = readText(text(lines).replaceAll("\n", "\r\n"));
  expect(history.count).toBe(2);
  expect(history.value[0]).toBe(history.value[1]!);
});

test("jsonl: a file of many blocks loses no line, and counts them right", () => {
  const lines = Array.from({ length: 40_000 }, (_, i) => [
    { process: i % 7, type: "invoke", f: "put", key: "a", value: i },
    { process: i % 7, type: "ok", version: i + 1 },
  ]).flat();
  const { history } = readText(text(lines));
  expect(history.count).toBe(40_000);
  expect(history.version.every((version, row) => version === row + 1)).toBe(true);
  const bad = [...lines, { process: 3, type: "ok" }];
  expect(() => readText(text(bad))).toThrow("h, line 80001: ");
});
