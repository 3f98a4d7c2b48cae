import { afterEach, expect, test } from "bun:test";
import type { NodeConfigFile } from "./config.ts";
import { shardedConfig, tempDir, TestCluster } from "./testing/cluster.ts";
import { ShardClient } from "./testing/shard-client.ts";
import { until } from "./testing/until.ts";

const LONG_MS = 60_000;
const KEYS = Array.from({ length: 60 }, (_, i) => `key ${i}`);

const ended: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0)) await end();
});

function newDir(): string {
  const dir = tempDir();
  ended.push(() => dir.remove());
  return dir.path;
}

function startCluster(config: NodeConfigFile): { cluster: TestCluster; client: ShardClient } {
  const cluster = new TestCluster(config).startAll();
  const client = new ShardClient(config, 1);
  ended.unshift(async () => {
    client.stop();
    await cluster.stopAll();
    expect(cluster.fatal).toEqual([]);
  });
  return { cluster, client };
}

/** Puts all keys, some at a time. */
async function putAll(client: ShardClient, value: (key: string) => string): Promise<void> {
  for (let i = 0; i < KEYS.length; i += 20) {
    const replies = await Promise.all(
      KEYS.slice(i, i + 20).map((key) => client.put(key, value(key))),
    );
    expect(replies.filter((reply) => !reply.isOk)).toEqual([]);
  }
}

async function getAll(client: ShardClient): Promise<string[]> {
  const texts: string[] = [];
  for (const key of KEYS) texts.push((await client.get(key)).text);
  return texts;
}

/** Changes the config, whoever leads the controller meanwhile. */
async function change(
  client: ShardClient,
  what: Parameters<ShardClient["change"]>[0],
): Promise<number> {
  const { num } = await client.query();
  const { status } = await client.change(what, num);
  // An answer that was lost is asked for again, and then finds the change made.
  expect(["ok", "versionMismatch"]).toContain(status);
  expect((await client.query()).num).toBe(num + 1);
  return num + 1;
}

/** All groups are at config `num`, and nothing is on its way any more. */
const settled = (cluster: TestCluster, groups: readonly number[], num: number): Promise<unknown> =>
  until(
    `groups ${groups.join(", ")} at config ${num}`,
    () => {
      const reports = [...cluster.nodes.values()].flatMap((node) => node.status().shards ?? []);
      return groups.every((id) => {
        const report = reports.find(({ group }) => group === id);
        return (
          report?.num === num &&
          report.toDrop.length === 0 &&
          report.shards.every(({ state }) => state === "serving")
        );
      });
    },
    LONG_MS,
  );

test(
  "sharded node: groups join, keys are put and got over all of them, a shard moves, a node crashes: nothing is lost",
  async () => {
    const config = shardedConfig(3, newDir(), "disk", { shards: 6, groups: 3, replicas: 3 });
    const { cluster, client } = startCluster(config);
    const groups = [2, 3].map((id) => ({ id, nodes: [1, 2, 3] }));
    await settled(cluster, [2, 3], await change(client, { kind: "join", groups }));
    await putAll(client, (key) => `${key}, first`);
    expect(await getAll(client)).toEqual(KEYS.map((key) => `${key}, first`));

    const moved = await change(client, { kind: "move", shard: 0, group: 3 });
    const joined = await change(client, {
      kind: "join",
      groups: [{ id: 4, nodes: [1, 2, 3] }],
    });
    expect(joined).toBe(moved + 1);
    await settled(cluster, [2, 3, 4], joined);
    expect(await getAll(client)).toEqual(KEYS.map((key) => `${key}, first`));

    await cluster.stop(1);
    await putAll(client, (key) => `${key}, second`);
    cluster.start(1);
    await cluster.stop(2);
    expect(await getAll(client)).toEqual(KEYS.map((key) => `${key}, second`));
    cluster.start(2);
    await settled(cluster, [2, 3, 4], await change(client, { kind: "leave", groups: [2] }));
    expect(await getAll(client)).toEqual(KEYS.map((key) => `${key}, second`));
  },
  LONG_MS,
);
