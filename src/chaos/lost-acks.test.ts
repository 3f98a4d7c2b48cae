import { expect, test } from "bun:test";
import { OUTCOME_INFO } from "../history/op.ts";
import { OP_APPEND, OP_DELETE } from "../kv/command.ts";
import { findLostAcks, firstWriteAck } from "./lost-acks.ts";
import { get, historyOf, put } from "./testing/histories.ts";

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

test("findLostAcks: in different shards two keys may have one index, one key may not twice", () => {
  const inShard = 3 * 2 ** 32 + 10;
  const rows = [put(1, 1, inShard), { ...put(3, 1, inShard), key: 1 }, get(5, 1)];
  expect(findLostAcks(historyOf([...rows, { ...get(6, 1), key: 1 }])).lost).toEqual([]);
  const twice = [put(1, 1, inShard), put(3, 2, inShard), get(5, 2)];
  expect(findLostAcks(historyOf(twice)).lost).toEqual([[0, 1]]);
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
