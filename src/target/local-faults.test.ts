import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Fault } from "../fault/vocabulary.ts";
import { leaderOf } from "./local-status.ts";
import { localTarget } from "./local.ts";
import type { Cluster } from "./target.ts";
import { get, put } from "./testing/http-kv.ts";
import { until } from "./until.ts";

/** Until a transfer is over, one way or the other. */
const TRANSFER_MS = 3_000;
const WITHIN_MS = 30_000;
const TEST_MS = 120_000;
/** A node that is silent for so long is taken for dead: no machine is so slow. */
const STATUS_MS = 10_000;
const all = { kind: "all" } as const;
const leader = { kind: "leader" } as const;

const root = mkdtempSync(join(tmpdir(), "ordeal-nemeses-"));
afterAll(() => rmSync(root, { recursive: true }));

/** Runs `body` on three nodes; at its end none has failed. */
async function withCluster(
  name: string,
  body: (cluster: Cluster, dir: string) => Promise<void>,
): Promise<void> {
  const dir = join(root, name);
  const fixed = { nodes: 3, storage: "disk", faultyLinks: false, faultyClocks: true } as const;
  const cluster = await localTarget.start({ ...fixed, dir, seed: 3 });
  try {
    await body(cluster, dir);
  } finally {
    await cluster.stop();
  }
  expect(cluster.failures()).toEqual([]);
}

/** Repeats a fault that nobody may be there for until it hits somebody. */
const hit = (cluster: Cluster, fault: Fault): Promise<number> =>
  until(`${fault.kind} hits`, WITHIN_MS, async () => (await cluster.fault(fault)).nodes[0]);

const leads = async (cluster: Cluster): Promise<number> =>
  leaderOf(await cluster.status(STATUS_MS));

test(
  "clock faults: a leader whose clock hardly moves sends no heartbeats in time, and is replaced",
  async () => {
    await withCluster("clock", async (cluster) => {
      const slow = await hit(cluster, { kind: "clockRate", nodes: leader, rate: 0.001 });
      await until("another leads", WITHIN_MS, async () => {
        const now = await leads(cluster);
        return now !== 0 && now !== slow;
      });
      const restarted = { kind: "node", id: slow } as const;
      await cluster.fault({ kind: "crash", nodes: restarted });
      await cluster.fault({ kind: "restart", nodes: restarted });
      await cluster.fault({ kind: "clockStrobe", nodes: all, everyMs: 20 });
      await cluster.fault({ kind: "clockJump", nodes: all, ms: 10_000 });
      await put(cluster, "k", "under strobe");
      await cluster.fault({ kind: "heal" });
      await put(cluster, "k", "healed");
      expect(await get(cluster, "k")).toBe("healed");
    });
  },
  TEST_MS,
);

test(
  "transfer and snapshot: the leader hands over, and who is asked takes a snapshot",
  async () => {
    await withCluster("orders", async (cluster, dir) => {
      await put(cluster, "k", "v");
      await until("another leads", WITHIN_MS, async () => {
        // A leader may refuse, say while another transfer is under way; one that does not takes a while.
        const to = await hit(cluster, { kind: "transfer", to: { kind: "followers" } });
        const itLeads = async (): Promise<boolean> => (await leads(cluster)) === to;
        return until(`${to} leads`, TRANSFER_MS, itLeads).catch(() => false);
      });
      const { nodes } = await cluster.fault({ kind: "snapshot", nodes: all });
      expect(nodes).toEqual([1, 2, 3]);
      await cluster.recover();
      for (const id of nodes) {
        const log = readFileSync(join(dir, `node-${id}`, "node.log"), "utf8");
        expect(log).toContain("snapshotTaken");
      }
      expect(await get(cluster, "k")).toBe("v");
    });
  },
  TEST_MS,
);

test(
  "wipe: a lost disk stays lost, an empty node takes the place, and nothing acknowledged is missing",
  async () => {
    await withCluster("wipe", async (cluster, dir) => {
      await put(cluster, "k", "v");
      const lost = await hit(cluster, { kind: "crash", nodes: leader });
      expect((await cluster.fault({ kind: "wipe", nodes: all })).nodes).toEqual([lost]);
      expect(readdirSync(join(dir, `node-${lost}`))).toEqual(["node.log"]);
      expect(existsSync(join(dir, "node-4"))).toBe(false);
      // Before it is replaced no other may be lost.
      const other = { kind: "node", id: (lost % 3) + 1 } as const;
      await cluster.fault({ kind: "crash", nodes: other });
      expect((await cluster.fault({ kind: "wipe", nodes: other })).nodes).toEqual([]);
      await cluster.recover();
      expect(cluster.nodeIds.toSorted()).toEqual([1, 2, 3, 4].filter((id) => id !== lost));
      expect(await get(cluster, "k")).toBe("v");
      // Two of three are no minority.
      await cluster.fault({ kind: "crash", nodes: all });
      const wiping = cluster.fault({ kind: "wipe", nodes: all });
      expect(wiping).rejects.toThrow("are too many of 3 to lose");
      await wiping.catch(() => {});
      await cluster.recover();
      expect(await get(cluster, "k")).toBe("v");
    });
  },
  TEST_MS,
);
