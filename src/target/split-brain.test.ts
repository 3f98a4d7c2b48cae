import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Binary, isInstalled } from "./external/binary.ts";
import { etcdTarget } from "./etcd/etcd.ts";
import { redisFailoverTarget } from "./redis/redis.ts";
import type { Cluster, Target } from "./target.ts";
import { PlainClient } from "./testing/plain-client.ts";
import { addressOf, leaderBeside, splitBrain } from "./testing/split-brain.ts";
import { until } from "./until.ts";

const TEST_MS = 120_000;
const WITHIN_MS = 60_000;
const STATUS_MS = 10_000;
const HURRIED_MS = 500;
const PATIENT_MS = 30_000;

/** Three nodes whose leader is cut off and replaced. */
async function inSplitBrain(
  target: Target,
  body: (cluster: Cluster, old: number, now: number) => Promise<void>,
): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "ordeal-split-"));
  const options = { nodes: 3, storage: "disk", faultyLinks: true, seed: 3 } as const;
  const cluster = await target.start({ ...options, dir: join(dir, "cluster") });
  try {
    const { old, new: now } = await splitBrain(cluster);
    await body(cluster, old, now);
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

/** A client that knows one node only. */
const clientOf = (cluster: Cluster, id: number, timeoutMs: number): Promise<PlainClient> =>
  PlainClient.connect(addressOf(cluster, id), timeoutMs);

/** A test of a system; where that is not installed there is none, and a line says so. */
function testOf(system: Binary, claim: string, body: () => Promise<void>, withinMs: number): void {
  if (isInstalled(system, `"${claim}"`)) test(claim, body, withinMs);
}

testOf(
  "etcd",
  "etcd: a leader that was cut off acknowledges nothing, and serves no read",
  () =>
    inSplitBrain(etcdTarget, async (cluster, old, now) => {
      const ofNew = await clientOf(cluster, now, PATIENT_MS);
      await until("the majority writes", WITHIN_MS, async () => {
        return (await ofNew.put("key", "new")).kind === "ok";
      });
      ofNew.close();
      const ofOld = await clientOf(cluster, old, HURRIED_MS);
      expect((await ofOld.put("key", "old")).kind).not.toBe("ok");
      expect((await ofOld.get("key")).kind).toBe("fail");
      ofOld.close();
      expect(["new", "old"]).toContain(await valueAfterHealing(cluster, "key"));
    }),
  TEST_MS,
);

testOf(
  "redis-server",
  "redis-failover: what a primary that was cut off acknowledged is gone once that is healed",
  () =>
    inSplitBrain(redisFailoverTarget, async (cluster, old) => {
      const patient = await clientOf(cluster, old, PATIENT_MS);
      expect(await patient.put("key", "lost")).toMatchObject({ kind: "ok", version: 1 });
      patient.close();
      await cluster.recover();
      await until("the old primary follows", WITHIN_MS, async () => {
        const statuses = await cluster.status(STATUS_MS);
        return statuses.find(({ id }) => id === old)?.role === "follower";
      });
      expect(await valueAfterHealing(cluster, "key")).toBe("");
    }),
  TEST_MS,
);
