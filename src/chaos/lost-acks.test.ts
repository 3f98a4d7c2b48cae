import { expect, test } from "bun:test";
import { type History, NO_RETURN, OUTCOME_INFO, OUTCOME_OK } from "../history/op.ts";
import { OP_APPEND, OP_DELETE, OP_GET, OP_PUT } from "../kv/command.ts";
import { findLostAcks, firstWriteAck } from "./lost-acks.ts";

type Row = {
  readonly op: number;
  readonly key?: number;
  readonly outcome?: number;
  readonly version?: number;
  readonly index?: number;
  /** Ranks, and milliseconds. */
  readonly call: number;
  readonly ret: number;
};

function historyOf(rows: readonly Row[]): History {
  const column = (of: (row: Row) => number): number[] => rows.map(of);
  const info = (row: Row): boolean => row.outcome === OUTCOME_INFO;
  const names = (size: number) => ({ size, name: (id: number) => `n${id}` });
  return {
    count: rows.length,
    op: Uint8Array.from(column((row) => row.op)),
    process: Int32Array.from(column(() => 1)),
    key: Int32Array.from(column((row) => row.key ?? 0)),
    outcome: Uint8Array.from(column((row) => row.outcome ?? OUTCOME_OK)),
    value: Int32Array.from(column(() => 0)),
    expected: Float64Array.from(column(() => -1)),
    version: Float64Array.from(column((row) => row.version ?? -1)),
    index: Float64Array.from(column((row) => row.index ?? 0)),
    call: Int32Array.from(column((row) => row.call)),
    ret: Int32Array.from(column((row) => (info(row) ? NO_RETURN : row.ret))),
    callUs: Float64Array.from(column((row) => row.call * 1000)),
    returnUs: Float64Array.from(column((row) => (info(row) ? 0 : row.ret * 1000))),
    keys: names(Math.max(-1, ...column((row) => row.key ?? 0)) + 1),
    values: names(1),
  };
}

const put = (call: number, version: number, index: number): Row => ({
  ...{ op: OP_PUT, call, ret: call + 1, version, index },
});
const get = (call: number, version: number): Row => ({ op: OP_GET, call, ret: call + 1, version });

test("findLostAcks: a last get that shows the last write or a later one is fine", () => {
  const found = findLostAcks(historyOf([put(1, 1, 10), put(3, 2, 11), get(5, 2)]));
  expect(found).toEqual({ lost: [], unread: [], acknowledged: 2 });
  const unknown = { ...put(3, -1, 0), outcome: OUTCOME_INFO };
  expect(findLostAcks(historyOf([put(1, 1, 10), unknown, get(5, 2)])).lost).toEqual([]);
});

test("findLostAcks: a last get of an older version proves a loss", () => {
  const history = historyOf([put(1, 1, 10), { ...put(3, 2, 11), op: OP_APPEND }, get(5, 1)]);
  expect(findLostAcks(history).lost).toEqual([[1, 2]]);
});

test("findLostAcks: two writes at one place of the log prove a loss", () => {
  const history = historyOf([put(1, 1, 10), { ...put(3, 1, 10), key: 1 }, get(5, 1)]);
  expect(findLostAcks(history).lost).toEqual([[0, 1]]);
});

test("findLostAcks: an acknowledged delete must stay, unless a later put may have come", () => {
  const deleted = { ...put(3, 0, 11), op: OP_DELETE };
  expect(findLostAcks(historyOf([put(1, 1, 10), deleted, get(5, 1)])).lost).toEqual([[1, 2]]);
  expect(findLostAcks(historyOf([put(1, 1, 10), deleted, get(5, 0)])).lost).toEqual([]);
  const unknown = { ...put(4, -1, 0), outcome: OUTCOME_INFO };
  expect(findLostAcks(historyOf([deleted, unknown, get(5, 1)])).lost).toEqual([]);
});

test("findLostAcks: versions say nothing once a delete may have come in between", () => {
  const unknown = { ...put(3, -1, 0), op: OP_DELETE, outcome: OUTCOME_INFO };
  expect(findLostAcks(historyOf([put(1, 5, 10), unknown, get(5, 0)])).lost).toEqual([]);
});

test("findLostAcks: a key that was not read after its last write is named", () => {
  expect(findLostAcks(historyOf([get(1, 0), put(3, 1, 10)])).unread).toEqual([0]);
});

test("firstWriteAck: the earliest return of a write invoked since, gets aside", () => {
  const slow = { ...put(3, 2, 12), ret: 90 };
  const firstAck = firstWriteAck(historyOf([put(1, 1, 10), get(2, 1), slow, put(10, 3, 13)]));
  expect(firstAck(0, 0)).toBe(2_000);
  expect(firstAck(2_000, 0)).toBe(11_000);
  expect(firstAck(2_000, 50_000)).toBe(90_000);
  expect(firstAck(20_000, 0)).toBeNull();
});
