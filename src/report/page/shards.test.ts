import { expect, test } from "bun:test";
import type { Timeline } from "../schema.ts";
import { shardsBlock, summaryOf } from "./shards.ts";

const timeline: Timeline = {
  ...{ startUs: 1_000_000, intervalMs: 1_000, ok: [1, 1, 1], fail: [0, 0, 0], info: [0, 0, 0] },
  ...{ p50: [1, 1, 1], p99: [1, 1, 1], faults: [], events: [] },
};
const shards = {
  configs: [
    { num: 1, atUs: 900_000, groups: [2] },
    { num: 2, atUs: 2_000_000, groups: [2, 3] },
  ],
  migrations: [{ shard: 4, from: 2, to: 3, num: 2, fromUs: 2_000_000, toUs: 2_500_000 }],
};

test("shards of a page: nothing where nothing is sharded", () => {
  expect(shardsBlock(timeline)).toBeNull();
});

test("shards of a page: a lane of configs, and one a group with what arrives", () => {
  const page = String(shardsBlock({ ...timeline, shards }));
  expect(page).toContain("config 1: groups 2, 0.000 to 1.000 s");
  expect(page).toContain("config 2: groups 2, 3, 1.000 to 3.000 s");
  expect(page).toContain("shard 4 from group 2 to group 3 by config 2, 1.000 to 1.500 s");
  expect(page.match(/class="track"/g)).toHaveLength(3);
});

test("shards of a page: the summary tells how long shards were on their way", () => {
  expect(summaryOf(shards)).toStartWith("1 config change; 1 migration of a shard took 500 ms");
  expect(summaryOf({ ...shards, migrations: [] })).toEndWith("no shard moved.");
});
