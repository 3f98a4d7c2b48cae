import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Prng } from "../lib/prng.ts";
import { VolatileDisk } from "../storage/volatile-disk.ts";
import { diskPort } from "./disk.ts";
import { shardedConfig, TestCluster } from "./testing/cluster.ts";
import { endings } from "./testing/endings.ts";
import { ShardClient } from "./testing/shard-client.ts";
import { until } from "./testing/until.ts";

const LONG_MS = 60_000;
setDefaultTimeout(2 * LONG_MS);
const KEYS = Array.from({ length: 30 }, (_, i) => `key ${i}`);

const { ended, newDir, startShards } = endings();

const putAll = async (client: ShardClient, value: (key: string) => string): Promise<void> => {
  const replies = await Promise.all(KEYS.map((key) => client.put(key, value(key))));
  expect(replies.filter((reply) => !reply.isOk)).toEqual([]);
};

const getAll = async (client: ShardClient): Promise<string[]> => {
  const replies = await Promise.all(KEYS.map((key) => client.get(key)));
  return replies.map(({ text }) => text);
};

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

test("sharded node: groups join, a shard moves, nodes come and go, and a group leaves: nothing is lost", async () => {
  const config = {
    ...shardedConfig(3, newDir(), "disk", { shards: 6, groups: 3, replicas: 3 }),
    raft: { electionTimeoutMinMs: 400 },
  };
  const { cluster, client } = startShards(config);
  const groups = [2, 3].map((id) => ({ id, nodes: [1, 2, 3] }));
  await settled(cluster, [2, 3], await change(client, { kind: "join", groups }));
  await putAll(client, (key) => `${key}, first`);
  expect(await getAll(client)).toEqual(KEYS.map((key) => `${key}, first`));

  await change(client, { kind: "move", shard: 0, group: 3 });
  const four = { id: 4, nodes: [1, 2, 3] };
  await settled(cluster, [2, 3, 4], await change(client, { kind: "join", groups: [four] }));
  expect(await getAll(client)).toEqual(KEYS.map((key) => `${key}, first`));

  await cluster.stop(1);
  await putAll(client, (key) => `${key}, second`);
  cluster.start(1);
  await cluster.stop(2);
  expect(await getAll(client)).toEqual(KEYS.map((key) => `${key}, second`));
  cluster.start(2);
  await settled(cluster, [3, 4], await change(client, { kind: "leave", groups: [2] }));
  expect(await getAll(client)).toEqual(KEYS.map((key) => `${key}, second`));
});

test("sharded node: groups on some of five nodes each hand shards over between their nodes", async () => {
  const config = shardedConfig(5, "unused", "memory", { shards: 10, groups: 5, replicas: 3 });
  const { cluster, client } = startShards(config);
  const groups = Object.entries(config.sharding!.groups)
    .filter(([id]) => id !== "1")
    .map(([id, nodes]) => ({ id: Number(id), nodes }));
  const ids = groups.map(({ id }) => id);
  await settled(cluster, [2], await change(client, { kind: "join", groups: groups.slice(0, 1) }));
  await putAll(client, (key) => key);
  await settled(cluster, ids, await change(client, { kind: "join", groups: groups.slice(1) }));
  expect(await getAll(client)).toEqual(KEYS);
  for (const [id, node] of cluster.nodes) {
    const hosted = node.status().groups!.map(({ group }) => group);
    const placed = groups.filter(({ nodes }) => nodes.includes(id)).map((group) => group.id);
    expect(hosted).toEqual([1, ...placed]);
  }
});

test("sharded node: power lost on all nodes at once: every group comes back with what was acknowledged", async () => {
  const dir = newDir();
  const config = {
    ...shardedConfig(3, dir, "disk", { shards: 6, groups: 3, replicas: 3 }),
    raft: { snapshotEveryBytes: 2_000 },
  };
  const cluster = new TestCluster(config);
  const client = new ShardClient(config, 1);
  const seed = Math.floor(Math.random() * 1e9);
  const prng = new Prng(seed);
  const disks: VolatileDisk[] = [];
  ended.unshift(async () => {
    client.stop();
    await cluster.stopAll();
    expect(cluster.fatal).toEqual([]);
  });
  const startAll = (): void => {
    for (const { id } of config.nodes) {
      const later = (_operation: string, _bytes: number, work: () => void): void =>
        void setImmediate(work);
      const disk = new VolatileDisk(diskPort(), { prng: prng.fork(`${disks.length}`), later });
      disks.push(disk);
      cluster.start(id, { disk, onFatal: () => {} });
    }
  };
  startAll();
  const groups = [2, 3].map((id) => ({ id, nodes: [1, 2, 3] }));
  await settled(cluster, [2, 3], await change(client, { kind: "join", groups }));
  for (const [life, keeps] of (["nothing", "torn", "subset"] as const).entries()) {
    await putAll(client, (key) => `${key}, life ${life}`);
    for (const disk of disks.splice(0)) disk.losePower(keeps);
    await cluster.stopAll();
    startAll();
    const expected = KEYS.map((key) => `${key}, life ${life}`);
    expect(await getAll(client), `seed ${seed}, ${keeps} kept`).toEqual(expected);
  }
  const snapshots = readdirSync(join(dir, "node-1", "snapshots", "group-2"));
  expect(snapshots.some((name) => name.endsWith(".snap"))).toBe(true);
});

test("sharded node: a group that is idle lets go of the log that others have written", async () => {
  const dir = newDir();
  const config = {
    ...shardedConfig(1, dir, "disk", { shards: 1, groups: 2, replicas: 1 }),
    raft: { electionTimeoutMinMs: 20, heartbeatIntervalMs: 10, snapshotEveryBytes: 500_000 },
  };
  const { cluster, client } = startShards(config);
  const groups = [{ id: 2, nodes: [1] }];
  await settled(cluster, [2], await change(client, { kind: "join", groups }));
  const large = "x".repeat(200_000);
  const first = join(dir, "node-1", "wal", "wal-00000001.seg");
  expect(existsSync(first)).toBe(true);
  // Beyond the first segment of 4 MiB; group 3, which has not joined, has an entry there and writes no more.
  for (let i = 0; i < 40; i++) expect((await client.put(`key ${i}`, large)).isOk).toBe(true);
  await until("the first segment is gone", () => !existsSync(first));
  await cluster.stopAll();
  cluster.start(1);
  expect((await client.get("key 39")).text).toBe(large);
  const [one] = cluster.nodes.values();
  await until("group 3 leads itself again", () => {
    return one!.status().groups!.every(({ role }) => role === "leader");
  });
});

test("sharded node: a group that is created later is hosted for good, and told again does no harm", async () => {
  const dir = newDir();
  const config = shardedConfig(3, dir, "disk", { shards: 4, groups: 1, replicas: 3 });
  const { cluster, client } = startShards(config);
  const create = async (node: number, body: unknown): Promise<[number, string]> => {
    const init = { method: "POST", body: JSON.stringify(body) };
    const response = await fetch(`${cluster.url(node)}/admin/groups`, init);
    return [response.status, await response.text()];
  };
  for (const node of [1, 2, 3, 1]) {
    expect((await create(node, { id: 9, nodes: [1, 2, 3] }))[0]).toBe(200);
  }
  for (const [body, why] of [
    [{ id: 9, nodes: [1, 2] }, "group 9 is on nodes 1, 2, 3"],
    [{ id: 2, nodes: [1] }, "group 2 is on nodes 1, 2, 3"],
    [{ id: 7, nodes: [2, 3] }, "group 7 is not to be on node 1"],
    [{ id: 7, nodes: [1, 8] }, "node 8 is not listed"],
    [{ id: 0, nodes: [1] }, "must be 1 or more"],
  ] as const) {
    const [status, text] = await create(1, body);
    expect([status, text]).toEqual([400, expect.stringContaining(why)]);
  }
  const joined = await change(client, { kind: "join", groups: [{ id: 9, nodes: [1, 2, 3] }] });
  await settled(cluster, [9], joined);
  await putAll(client, (key) => key);
  await cluster.stopAll();
  cluster.startAll();
  expect(await getAll(client)).toEqual(KEYS);
  const file = join(dir, "node-1", "groups.json");
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual([{ id: 9, nodes: [1, 2, 3] }]);
});

test("sharded node: over HTTP the leader of a key's group serves it, others say whom to ask", async () => {
  const config = shardedConfig(3, "unused", "memory", { shards: 4, groups: 2, replicas: 3 });
  const { cluster, client } = startShards(config);
  const url = `${cluster.url(1)}/kv/colour`;
  await until("a leader of the controller", () => cluster.nodes.get(1)!.status().leaderId !== 0);
  const nobody = await fetch(url);
  expect([nobody.status, (await nobody.json()) as unknown]).toEqual([
    421,
    expect.objectContaining({ error: "no group has the key's shard", definite: true }),
  ]);
  const groups = [2, 3].map((id) => ({ id, nodes: [1, 2, 3] }));
  const num = await change(client, { kind: "join", groups });
  await settled(cluster, [2, 3], num);
  await until("all nodes know the config", async () => {
    const answers = await Promise.all(
      [1, 2, 3].map((id) => fetch(`${cluster.url(id)}/kv/colour`, { method: "PUT", body: "red" })),
    );
    const taken = answers.filter(({ status }) => status === 200);
    const sent = answers.filter(({ status }) => status === 421);
    if (taken.length !== 1 || sent.length !== 2) return false;
    const { group, nodes } = (await sent[0]!.json()) as { group: number; nodes: unknown[] };
    expect([2, 3]).toContain(group);
    expect(nodes).toEqual([1, 2, 3].map((id) => ({ id, url: cluster.url(id) })));
    return true;
  });
  expect((await client.get("colour")).text).toBe("red");
  const leader = [...cluster.nodes.values()].find((node) => {
    return node.status().groups!.some(({ group, role }) => group === 2 && role === "leader");
  })!;
  const { shards, groups: reports } = leader.status();
  expect(shards!.find(({ group }) => group === 2)).toMatchObject({ num, toDrop: [] });
  expect(reports!.map(({ group }) => group)).toEqual([1, 2, 3]);
  const init = {
    method: "POST",
    body: JSON.stringify({ group: 2, to: (leader.status().id % 3) + 1 }),
  };
  const moved = await fetch(`${cluster.url(leader.status().id)}/admin/transfer`, init);
  expect((await moved.json()) as unknown).toMatchObject({ outcome: "done" });
  const other = await fetch(`${cluster.url(1)}/admin/snapshot`, {
    method: "POST",
    body: JSON.stringify({ group: 77 }),
  });
  expect([other.status, await other.text()]).toEqual([
    409,
    expect.stringContaining("this node has no group 77"),
  ]);
});
