import { expect, test } from "bun:test";
import type { ShardState } from "../kv/shard-ops.ts";
import type { ShardsStatus } from "../target/target.ts";
import { shardLines } from "./shards-view.ts";

const shard = (n: number, state: ShardState["state"], other = 0): ShardState => ({
  ...{ shard: n, state, num: 5, other, keys: 3, bytes: 0 },
});
const report = (group: number, num: number, shards: readonly ShardState[]) => ({
  ...{ group, num, shards, toDrop: [] },
});

const status: ShardsStatus = {
  config: {
    num: 5,
    shards: [2, 3, 3, 4, 0],
    groups: [2, 3, 4].map((id) => ({ id, nodes: [1, 2, 3] })),
  },
  groups: [
    { group: 2, leader: 1, report: report(2, 5, [shard(0, "serving")]) },
    { group: 3, leader: 2, report: report(3, 5, [shard(1, "serving"), shard(2, "arriving", 4)]) },
    { group: 4, leader: 0, report: null },
  ],
};

const texts = (lines: ReturnType<typeof shardLines>): string[] =>
  lines.map((words) => words.map(({ text }) => text).join(" "));

test("shard lines: groups with leaders, then whose each shard is, and from where it comes", () => {
  const lines = shardLines(status, 80);
  expect(texts(lines)).toEqual(["config 5  groups 2★1 3★2 4★–", "shards 2 3 3←4 4 –"]);
  const off = lines.flat().filter(({ isOff }) => isOff);
  expect(off.map(({ text }) => text)).toEqual(["4★–", "3←4", "4", "–"]);
});

test("shard lines: a group that lags tells its config, and many shards take several lines", () => {
  const [first] = status.groups;
  const behind = { ...first!, report: report(2, 4, [shard(0, "serving")]) };
  expect(texts(shardLines({ ...status, groups: [behind] }, 80))[0]).toEndWith("2★1 at 4");
  const many = { ...status, config: { ...status.config, shards: new Array<number>(40).fill(2) } };
  const lines = texts(shardLines(many, 40));
  expect(lines.every((line) => line.length <= 40)).toBeTrue();
  expect(lines.join(" ").split("2").length - 1).toBeGreaterThanOrEqual(40);
});
