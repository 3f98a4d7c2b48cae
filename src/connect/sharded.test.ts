import { expect, test } from "bun:test";
import { shardedConfig, tempDir, TestCluster } from "../runtime/testing/cluster.ts";
import { ShardClient } from "../runtime/testing/shard-client.ts";
import { connect } from "./client.ts";

const TEST_MS = 60_000;

test(
  "client: of a sharded cluster it learns the shards, follows them, and refuses to scan",
  async () => {
    const dir = tempDir();
    const placed = { shards: 6, groups: 2, replicas: 3 };
    const cluster = new TestCluster(shardedConfig(3, dir.path, "memory", placed)).startAll();
    const admin = new ShardClient(cluster.config, 1);
    try {
      await using db = await connect({
        nodes: [`127.0.0.1:${cluster.clientPort(1)}`],
        timeoutMs: 30_000,
      });
      expect(db.cluster.shards).toBe(6);
      const keys = Array.from({ length: 30 }, (_, i) => `key ${i}`);
      const writes = keys.map((key) => db.put(key, key)); // They wait: no group has a shard yet.
      await admin.change({ kind: "join", groups: [{ id: 2, nodes: [1, 2, 3] }] }, 0);
      await Promise.all(writes);
      await admin.change({ kind: "join", groups: [{ id: 3, nodes: [1, 2, 3] }] }, 1);
      await Promise.all(keys.map((key) => db.append(key, "!")));
      const values = await Promise.all(keys.map(async (key) => (await db.get(key))?.value));
      expect(values).toEqual(keys.map((key) => `${key}!`));
      const scan = Array.fromAsync(db.scan());
      await expect(scan).rejects.toMatchObject({ code: "invalid", definite: true });
    } finally {
      admin.stop();
      await cluster.stopAll();
      dir.remove();
    }
  },
  TEST_MS,
);
