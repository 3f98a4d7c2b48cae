import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { etcdTarget } from "./etcd/etcd.ts";
import { redisFailoverTarget } from "./redis/redis.ts";
import type { Cluster, Target } from "./target.ts";
import { PlainClient } from "./testing/plain-client.ts";
import { addressOf, leaderBeside, splitBrain } from "./testing/split-brain.ts";
import { until } from "./until.ts";

const TEST_MS = 120_000;
const WITHIN_MS = 60_000;
const HURRIED_MS = 500;
const PATIENT_MS = 30_000;

/** Three nodes whose leader is cut off and replaced, and a client of the old one alone. */
async function inSplitBrain(
  target: Target,
  body: (cluster: Cluster, ofOld: PlainClient, now: number) => Promise<void>,
): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "ordeal-split-"));
  const options = { nodes: 3, storage: "disk", faultyLinks: true, seed: 3 } as const;
  const cluster = await target.start({ ...options, dir: join(dir, "cluster") });
  try {
    const { old, new: now } = await splitBrain(cluster);
    const ofOld = await PlainClient.connect(addressOf(cluster, old), HURRIED_MS);
    await body(cluster, ofOld, now);
    ofOld.close();
  } finally {
    await cluster.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The value of a key, once all is healed and one leads. */
async function valueAfterHealing(cluster: Cluster, key: string): Promise<string> {
  await cluster.recover();
  await leaderBeside(cluster, []);
  const client = await PlainClient.connect(cluster.address, PATIENT_MS);
  const read = await client.get(key);
  client.close();
  expect(read.kind).toBe("ok");
  return read.value;
}

test(
  "etcd: a leader that was cut off acknowledges nothing, and serves no read",
  () =>
    inSplitBrain(etcdTarget, async (cluster, ofOld, now) => {
      const ofNew = await PlainClient.connect(addressOf(cluster, now), PATIENT_MS);
      await until("the new leader writes", WITHIN_MS, async () => {
        return (await ofNew.put("key", "new")).kind === "ok";
      });
      ofNew.close();
      expect((await ofOld.put("key", "old")).kind).not.toBe("ok");
      expect((await ofOld.get("key")).kind).toBe("fail");
      expect(["new", "old"]).toContain(await valueAfterHealing(cluster, "key"));
    }),
  TEST_MS,
);

test(
  "redis-failover: what a primary that was cut off acknowledged is gone once that is healed",
  () =>
    inSplitBrain(redisFailoverTarget, async (cluster, ofOld) => {
      expect(await ofOld.put("key", "lost")).toMatchObject({ kind: "ok", version: 1 });
      await cluster.recover();
      await until("the old primary follows", WITHIN_MS, async () => {
        return (await ofOld.put("key", "x")).kind === "fail";
      });
      expect(await valueAfterHealing(cluster, "key")).toBe("");
    }),
  TEST_MS,
);
