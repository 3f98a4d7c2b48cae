import { expect, test } from "bun:test";
import { groupIds, placement, shardedProblems } from "./placement.ts";

const sharded = { shards: 12, groups: 4, replicas: 3, idleGroups: 1 };

test("placement: the controller on all nodes, the groups round robin, those that have not joined too", () => {
  expect(placement(sharded, [1, 2, 3, 4, 5])).toEqual({
    shards: 12,
    groups: {
      "1": [1, 2, 3, 4, 5],
      ...{ "2": [1, 2, 3], "3": [2, 3, 4], "4": [3, 4, 5], "5": [1, 4, 5], "6": [1, 2, 5] },
    },
  });
  expect(groupIds(sharded)).toEqual({ joined: [2, 3, 4, 5], idle: [6] });
});

test("placement: the groups are spread over the nodes", () => {
  for (const nodes of [3, 4, 5, 7]) {
    const ids = Array.from({ length: nodes }, (_, i) => i + 1);
    const { groups } = placement({ shards: 8, groups: 20, replicas: 3 }, ids);
    const counts = ids.map((id) => Object.values(groups).filter((g) => g.includes(id)).length);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(3);
  }
});

test("placement: every number that does not fit the nodes is told", () => {
  expect(shardedProblems(sharded, 3)).toEqual([]);
  const bad = { shards: 0, groups: 1.5, replicas: 4, idleGroups: -1 };
  expect(shardedProblems(bad, 3).map(({ where }) => where)).toEqual([
    ...["shards", "groups", "replicas", "idle groups"],
  ]);
});
