import { mkdtempSync, rmSync } from "node:fs";
import { afterAll, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Fault, PowerLossKeeps } from "../fault/vocabulary.ts";
import type { NodeChildSpec } from "../runtime/node.ts";
import { LocalChild } from "./local-child.ts";
import { configFile, newConfig, prepareDir, writeConfig } from "./local-dir.ts";
import { localTarget } from "./local.ts";
import { leaderOf } from "./local-status.ts";
import type { Cluster, ClusterOptions } from "./target.ts";
import { get, put, putOnce } from "./testing/http-kv.ts";
import { isAlive } from "./testing/processes.ts";
import { until } from "./until.ts";

const WITHIN_MS = 20_000;
const TEST_MS = 120_000;
/** A node that is silent for so long is taken for dead: no machine is so slow. */
const STATUS_MS = 10_000;
const all = { kind: "all" } as const;
const leader = { kind: "leader" } as const;

const root = mkdtempSync(join(tmpdir(), "ordeal-disks-"));
afterAll(() => rmSync(root, { recursive: true }));

/** Runs `body` on a cluster on faulty disks; at its end no process failed but those that were to. */
async function withCluster(
  name: string,
  changes: Partial<ClusterOptions>,
  body: (cluster: Cluster) => Promise<void>,
): Promise<void> {
  const fixed = {
    nodes: 3,
    storage: "disk",
    faultyLinks: false,
    faultyDisks: true,
    seed: 7,
  } as const;
  const cluster = await localTarget.start({ ...fixed, dir: join(root, name), ...changes });
  try {
    await body(cluster);
  } finally {
    await cluster.stop();
  }
  expect(cluster.failures()).toEqual([]);
}

/** Breaks the disk of whoever leads, once somebody does, and returns the node. */
const breakLeader = (cluster: Cluster, fault: Fault): Promise<number> =>
  until("a leader is hit", WITHIN_MS, async () => (await cluster.fault(fault)).nodes[0]);

const isDown = async (cluster: Cluster, id: number): Promise<boolean> =>
  (await cluster.status(STATUS_MS)).find((status) => status.id === id)?.role === "down";

/** Waits until another node leads, and returns it. */
const leaderNot = (cluster: Cluster, old: number): Promise<number> =>
  until("another leader", WITHIN_MS, async () => {
    const found = leaderOf((await cluster.status(STATUS_MS)).filter(({ id }) => id !== old));
    return found === 0 ? null : found;
  });

test(
  "disk faults: what was acknowledged outlives a loss of power of all nodes at once",
  async () => {
    await withCluster("power", {}, async (cluster) => {
      const losses: readonly PowerLossKeeps[] = ["nothing", "torn"];
      for (const [i, keeps] of losses.entries()) {
        await Promise.all(Array.from({ length: 8 }, (_, k) => put(cluster, `k${k}`, `${i}`)));
        const pids = (await cluster.status(STATUS_MS)).map(({ pid }) => pid);
        const hit = await cluster.fault({ kind: "powerLoss", nodes: all, keeps });
        expect(hit.nodes).toEqual([1, 2, 3]);
        expect(pids.filter(isAlive)).toEqual([]);
        await cluster.fault({ kind: "restart", nodes: all });
        for (let k = 0; k < 8; k++) expect(await get(cluster, `k${k}`)).toBe(`${i}`);
      }
      expect(cluster.starts().map(({ outcome }) => outcome)).toEqual(Array(9).fill("ready"));
      for (const { atUs, doneUs } of cluster.starts()) expect(doneUs).toBeGreaterThan(atUs);
    });
  },
  TEST_MS,
);

test(
  "disk faults: a leader whose sync fails ends, stays down while its disk fails, and comes back healed",
  async () => {
    await withCluster("error", {}, async (cluster) => {
      const old = await breakLeader(cluster, {
        kind: "diskError",
        nodes: leader,
        operation: "sync",
      });
      await put(cluster, "k", "meanwhile"); // The old leader needs its disk for it.
      await until("the leader ends", WITHIN_MS, () => isDown(cluster, old));
      await cluster.fault({ kind: "restart", nodes: all });
      expect(cluster.starts().at(-1)).toMatchObject({ node: old, outcome: "diskFailed" });
      await cluster.fault({ kind: "heal" });
      await cluster.fault({ kind: "restart", nodes: all });
      expect(cluster.starts().at(-1)).toMatchObject({ node: old, outcome: "ready" });
      expect(await get(cluster, "k")).toBe("meanwhile");
    });
  },
  TEST_MS,
);

test(
  "disk faults: a leader without space ends when it needs some; nothing acknowledged is lost; it comes back",
  async () => {
    await withCluster("full", { snapshotEveryBytes: 0 }, async (cluster) => {
      const value = "v".repeat(256 << 10);
      const old = await breakLeader(cluster, { kind: "diskFull", nodes: leader });
      // A segment is 4 MiB at first; the next one is made before it is full.
      for (let i = 0; i < 16; i++) await put(cluster, `k${i}`, `${i}${value}`);
      await until("the leader ends", WITHIN_MS, () => isDown(cluster, old));
      await leaderNot(cluster, old);
      await cluster.fault({ kind: "heal" });
      await cluster.fault({ kind: "restart", nodes: all });
      expect(cluster.starts().at(-1)).toMatchObject({ node: old, outcome: "ready" });
      for (let i = 0; i < 16; i++) expect(await get(cluster, `k${i}`)).toBe(`${i}${value}`);
    });
  },
  TEST_MS,
);

test(
  "disk faults: snapshots that cannot be written cost nothing at first, and end the node at the third",
  async () => {
    await withCluster("snapshots", { nodes: 1, snapshotEveryBytes: 8 << 10 }, async (cluster) => {
      await cluster.fault({ kind: "diskFull", nodes: all });
      const written: string[] = [];
      const value = "v".repeat(2 << 10);
      await until("the node ends", WITHIN_MS, async () => {
        const key = `k${written.length}`;
        if (await putOnce(cluster, key, `${key}${value}`)) written.push(key);
        return isDown(cluster, 1);
      });
      const log = await Bun.file(join(root, "snapshots", "node-1", "node.log")).text();
      const failed = log.split("\n").filter((line) => line.includes('"snapshotFailed"'));
      expect(failed.map((line) => (JSON.parse(line) as { inARow: number }).inARow)).toEqual([
        1, 2, 3,
      ]);
      expect(written.length).toBeGreaterThan(8);
      await cluster.recover();
      for (const key of written) expect(await get(cluster, key)).toBe(`${key}${value}`);
    });
  },
  TEST_MS,
);

test(
  "disk faults: a node that refuses flipped data is replaced by an empty one under another id",
  async () => {
    await withCluster("flips", { faultyLinks: true }, async (cluster) => {
      const value = "v".repeat(256 << 10);
      for (let i = 0; i < 8; i++) await put(cluster, `k${i}`, `${i}${value}`);
      await cluster.fault({ kind: "crash", nodes: { kind: "node", id: 2 } });
      const hit = await cluster.fault({ kind: "bitFlip", nodes: all, bits: 200 });
      expect(hit.nodes).toEqual([2]);
      await cluster.recover();
      expect(
        cluster
          .starts()
          .map(({ node, outcome }) => `${node} ${outcome}`)
          .slice(3),
      ).toEqual(["2 refused", "4 ready"]);
      expect(cluster.nodeIds).toEqual([1, 4, 3]);
      for (let i = 0; i < 8; i++) expect(await get(cluster, `k${i}`)).toBe(`${i}${value}`);
    });
  },
  TEST_MS,
);

test(
  "faulty disk: a node answers each order once it is in force, and none after it lost its power",
  async () => {
    const dir = join(root, "pipe");
    const options = { nodes: 1, storage: "disk", dir, faultyLinks: false, seed: 1 } as const;
    writeConfig(newConfig(options, prepareDir(options)));
    const spec: NodeChildSpec = {
      ...{ config: configFile(dir), id: 1, isJoining: false },
      faultyDisk: { seed: 1, failing: null, full: false },
    };
    const node = new LocalChild("node", "node", [JSON.stringify(spec)]);
    expect(JSON.parse(await node.nextLine())).toMatchObject({ ready: true });
    const orders = [
      { id: 4, part: "disk", kind: "diskFull" },
      { id: 5, part: "disk", kind: "diskStall", ms: 1 },
      { id: 6, part: "disk", kind: "heal" },
    ];
    const answers = await Promise.all(orders.map((order) => node.ask(order)));
    expect(answers).toEqual(['{"ack":4}', '{"ack":5}', '{"ack":6}']);
    expect(await node.ask({ id: 7, part: "disk", kind: "powerLoss", keeps: "prefix" })).toBeNull();
    expect(node.running).toBe(false);
  },
  TEST_MS,
);

test(
  "disk faults: a cluster without faulty disks refuses them",
  async () => {
    const plain = { nodes: 1, faultyDisks: false };
    await withCluster("plain", plain, async (cluster) => {
      const loss = cluster.fault({ kind: "powerLoss", nodes: all, keeps: "nothing" });
      await expect(loss).rejects.toThrow("without faulty disks");
      await cluster.fault({ kind: "heal" });
      await cluster.recover();
    });
  },
  TEST_MS,
);
