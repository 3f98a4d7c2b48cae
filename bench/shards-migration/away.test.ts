import { expect, test } from "bun:test";
import { columnsOf } from "../../src/history/columns.ts";
import { type History, OUTCOME_FAIL, OUTCOME_INFO, OUTCOME_OK } from "../../src/history/op.ts";
import { OP_GET, OP_PUT } from "../../src/kv/command.ts";
import { shardOf } from "../../src/kv/shard-config.ts";
import { awayMs, miscounted, operationsIn } from "./away.ts";

type Row = {
  readonly op: number;
  readonly key: number;
  readonly outcome?: number;
  readonly version?: number;
  readonly callMs?: number;
  readonly returnMs?: number;
};

const SHARDS = 2;
/** Two keys, one of each shard. */
const NAMES = [0, 1].map((shard) => {
  const names = Array.from({ length: 100 }, (_, i) => `k${i}`);
  return names.find((name) => shardOf(new TextEncoder().encode(name), SHARDS) === shard)!;
});

function historyOf(rows: readonly Row[]): History {
  const columns = columnsOf(rows.length);
  for (const [
    i,
    { op, key, outcome = OUTCOME_OK, version = 0, callMs, returnMs },
  ] of rows.entries()) {
    columns.op[i] = op;
    columns.key[i] = key;
    columns.outcome[i] = outcome;
    columns.version[i] = version;
    columns.callUs[i] = (callMs ?? 0) * 1000;
    columns.returnUs[i] = (returnMs ?? 0) * 1000;
  }
  const keys = { size: NAMES.length, name: (id: number) => NAMES[id]! };
  const values = { size: 0, name: () => "" };
  return { ...columns, count: rows.length, keys, values, expectedValue: null };
}

test("shards-migration: a shard is away for the longest time without an answer that is ok, ends included", () => {
  const at = (key: number, returnMs: number, outcome = OUTCOME_OK): Row => ({
    ...{ op: OP_GET, key, outcome, callMs: returnMs - 5, returnMs },
  });
  const history = historyOf([
    ...[at(0, 90), at(0, 110), at(0, 140), at(1, 150), at(0, 160, OUTCOME_FAIL), at(0, 250)],
  ]);
  expect(awayMs(history, SHARDS, { fromUs: 100_000, toUs: 200_000 })).toEqual([60, 50]);
});

test("shards-migration: operations count when they began within the span, by how they ended", () => {
  const history = historyOf([
    { op: OP_GET, key: 0, callMs: 50, returnMs: 120 },
    { op: OP_GET, key: 0, callMs: 100, returnMs: 103 },
    { op: OP_PUT, key: 1, callMs: 150, outcome: OUTCOME_INFO },
    { op: OP_PUT, key: 1, callMs: 160, returnMs: 170, outcome: OUTCOME_FAIL },
    { op: OP_PUT, key: 1, callMs: 200, returnMs: 900 },
  ]);
  const span = { fromUs: 100_000, toUs: 200_000 };
  expect(operationsIn(history, span)).toEqual({ tookMs: [3, 700], failed: 1, unknown: 1 });
});

test("shards-migration: a put that is lost, or counted twice, and a key that nobody could read are told", () => {
  const put = (outcome: number): Row => ({ op: OP_PUT, key: 0, outcome });
  const read = (key: number, version: number): Row => ({ op: OP_GET, key, version });
  const wrong = (rows: readonly Row[]) => miscounted(historyOf(rows), 2);
  const both = [put(OUTCOME_OK), put(OUTCOME_FAIL), read(1, 1)];
  expect(wrong([...both, read(0, 2)])).toEqual([]);
  expect(wrong([...both, read(0, 1)])).toEqual([`${NAMES[0]} has version 1, was put 2 times`]);
  expect(wrong([...both, read(0, 3)])).toEqual([`${NAMES[0]} has version 3, was put 2 times`]);
  expect(wrong([...both, put(OUTCOME_INFO), read(0, 3)])).toEqual([]);
  expect(wrong(both)).toEqual([`${NAMES[0]} could not be read, was put 2 times`]);
  expect(wrong([read(0, 1)])).toEqual(["1 of 2 keys were not read"]);
});
