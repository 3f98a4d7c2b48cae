import { expect, test } from "bun:test";
import type { ShardState } from "../kv/shard-ops.ts";
import type { ShardsStatus } from "../target/target.ts";
import { ShardLog } from "./shard-log.ts";

const serving = (shard: number, num: number): ShardState => ({
  ...{ shard, state: "serving", num, other: 0, keys: 1, bytes: 0 },
});

/** Config `num` with these owners; each group serves `served` of them. */
function status(num: number, shards: number[], served: Record<number, number[]>): ShardsStatus {
  const ids = [...new Set(shards)].sort((a, b) => a - b);
  return {
    config: { num, shards, groups: ids.map((id) => ({ id, nodes: [1] })) },
    groups: ids.map((group) => ({
      group,
      leader: 1,
      report: {
        ...{ group, num, toDrop: [] },
        shards: (served[group] ?? []).map((shard) => serving(shard, num)),
      },
    })),
  };
}

test("shard log: a migration lasts from its config until the new owner serves", () => {
  const log = new ShardLog();
  log.see(status(1, [2, 2], { 2: [0, 1] }), 100);
  log.see(status(2, [2, 3], { 2: [0] }), 200);
  log.see(status(2, [2, 3], { 2: [0] }), 300);
  log.see(status(2, [2, 3], { 2: [0], 3: [1] }), 400);
  expect(log.timeline(900)).toEqual({
    configs: [
      { num: 1, atUs: 100, groups: [2] },
      { num: 2, atUs: 200, groups: [2, 3] },
    ],
    migrations: [{ shard: 1, from: 2, to: 3, num: 2, fromUs: 200, toUs: 400 }],
  });
});

test("shard log: a shard that is given on before it arrived is told twice, one that never arrives to the end", () => {
  const log = new ShardLog();
  log.see(status(1, [2], { 2: [0] }), 100);
  log.see(status(2, [3], {}), 200);
  log.see(status(3, [4], {}), 300);
  expect(log.timeline(900).migrations).toEqual([
    { shard: 0, from: 2, to: 3, num: 2, fromUs: 200, toUs: 300 },
    { shard: 0, from: 3, to: 4, num: 3, fromUs: 300, toUs: 900 },
  ]);
});
