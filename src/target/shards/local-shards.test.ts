import { mkdtempSync, rmSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { underWay } from "../../kv/shards-under-way.ts";
import { localTarget } from "../local.ts";
import type { Cluster, ShardsStatus } from "../target.ts";
import { until } from "../until.ts";

const WITHIN_MS = 30_000;
const TEST_MS = 120_000;
const dir = mkdtempSync(join(tmpdir(), "ordeal-shards-"));

let cluster: Cluster;
beforeAll(async () => {
  cluster = await localTarget.start({
    ...{ nodes: 3, storage: "memory", dir: join(dir, "c"), faultyLinks: false, seed: 3 },
    sharded: { shards: 6, groups: 2, replicas: 3, idleGroups: 1 },
  });
}, TEST_MS);
afterAll(async () => {
  const failures = cluster.failures();
  await cluster.stop();
  rmSync(dir, { recursive: true });
  expect(failures).toEqual([]);
}, TEST_MS);

const status = (): Promise<ShardsStatus> =>
  until("the controller answers", WITHIN_MS, () => cluster.shards!());

test("a sharded cluster starts with its groups joined and serving, the idle one not", async () => {
  expect(cluster.address.shards).toBe(6);
  const { config, groups } = await status();
  expect([config.num, config.groups.map(({ id }) => id)]).toEqual([1, [2, 3]]);
  expect(config.shards).toEqual([2, 2, 2, 3, 3, 3]);
  expect(underWay(config, groups)).toEqual([]);
});

test(
  "reshard faults: what is asked for has come about, and is carried out, once all is lifted",
  async () => {
    for (const change of ["join", "move", "rebalance", "shuffle", "leave"] as const) {
      await cluster.fault({ kind: "reshard", change });
    }
    await cluster.recover();
    const { config, groups } = await status();
    const left = [2, 3, 4].filter((id) => !config.groups.some((group) => group.id === id));
    expect(left).toHaveLength(1);
    expect(config.shards.every((group) => group !== 0 && !left.includes(group))).toBeTrue();
    expect(underWay(config, groups)).toEqual([]);
    const configs = (await cluster.shardConfigs!())!;
    expect(configs.map(({ num }) => num)).toEqual(configs.map((_, i) => i));
    expect(configs[2]!.groups.map(({ id }) => id)).toEqual([2, 3, 4]);
  },
  TEST_MS,
);

test(
  "leaders of groups: a fault hits the node that leads the group, and another one leads then",
  async () => {
    const [{ id: group } = { id: 0 }] = (await status()).config.groups;
    const hit = await until("the group has a leader", WITHIN_MS, async () => {
      const { nodes } = await cluster.fault({ kind: "pause", nodes: { kind: "leaderOf", group } });
      return nodes.length === 1 && nodes[0];
    });
    await until("another node leads the group", WITHIN_MS, async () => {
      const leader = (await cluster.shards!())?.groups.find((each) => each.group === group)?.leader;
      return leader !== undefined && leader !== 0 && leader !== hit;
    });
    await cluster.recover();
  },
  TEST_MS,
);
