import { expect, test } from "bun:test";
import type { ShardsReport, ShardState } from "./shard-ops.ts";
import { underWay } from "./shards-under-way.ts";

const config = { num: 3, shards: [2, 2], groups: [{ id: 2, nodes: [1] }] };
const shard = (n: number, state: ShardState["state"]): ShardState => ({
  ...{ shard: n, state, num: 3, other: 0, keys: 1, bytes: 0 },
});
const said = (report: Partial<ShardsReport>) => [
  { group: 2, report: { group: 2, num: 3, shards: [], toDrop: [], ...report } },
];

test("underWay: nothing once the newest config is adopted and all is served", () => {
  const shards = [shard(0, "serving"), shard(1, "serving")];
  expect(underWay(config, said({ shards }))).toEqual([]);
});

test("underWay: names who lags, what moves, what is to be deleted, and who is silent", () => {
  expect(underWay(config, said({ num: 2 }))).toEqual(["group 2 is at config 2 of 3"]);
  for (const state of ["leaving", "frozen", "arriving"] as const) {
    const moving = underWay(config, said({ shards: [shard(0, "serving"), shard(1, state)] }));
    expect(moving).toEqual([`shard 1 is ${state} at group 2`]);
  }
  const toDrop = [{ shard: 1, num: 3, from: 4 }];
  expect(underWay(config, said({ toDrop }))).toEqual(["group 4 keeps a copy of shard 1"]);
  expect(underWay(config, [{ group: 2, report: null }])).toEqual(["group 2 does not answer"]);
});
