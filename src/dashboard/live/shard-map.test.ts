import { expect, test } from "bun:test";
import type { ShardState } from "../../kv/shard-ops.ts";
import { shardMap } from "./shard-map.ts";

const shard = (n: number, state: ShardState["state"], other = 0): ShardState => ({
  ...{ shard: n, state, num: 5, other, keys: 3, bytes: 0 },
});

test("shard map: whose each shard is, what moves and from where, and who is silent or behind", () => {
  const { shards, groups, config } = shardMap({
    config: {
      num: 5,
      shards: [2, 3, 3, 4, 0],
      groups: [2, 3, 4].map((id) => ({ id, nodes: [1, 2, 3] })),
    },
    groups: [
      {
        ...{ group: 2, leader: 1 },
        report: {
          group: 2,
          num: 4,
          toDrop: [],
          shards: [shard(0, "serving"), shard(2, "frozen", 3)],
        },
      },
      {
        ...{ group: 3, leader: 2 },
        report: {
          group: 3,
          num: 5,
          toDrop: [],
          shards: [shard(1, "serving"), shard(2, "arriving", 2)],
        },
      },
      { group: 4, leader: 0, report: null },
    ],
  });
  expect(config).toBe(5);
  expect(shards.map(({ owner, state, from }) => `${owner} ${state} ${from}`)).toEqual([
    ...["2 serving 0", "3 serving 0", "3 moving 2", "4 unknown 0", "0 unknown 0"],
  ]);
  expect(groups.map(({ id, leader, config: at, keys }) => [id, leader, at, keys])).toEqual([
    [2, 1, 4, 3],
    [3, 2, 5, 3],
    [4, 0, null, 0],
  ]);
});
