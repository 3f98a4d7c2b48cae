import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LiveDocument } from "../../dashboard/live/document.ts";
import { childrenOf, isAlive } from "../../target/testing/processes.ts";
import { until } from "../../target/until.ts";
import { openCluster } from "../cluster/open.ts";
import { type DashboardProcess, startDashboard } from "./testing/process.ts";

const TEST_MS = 120_000;

const running: DashboardProcess[] = [];
const root = mkdtempSync(join(tmpdir(), "ordeal-dashboards-"));
afterAll(async () => {
  for (const one of running) await one.end();
  rmSync(root, { recursive: true, force: true });
}, TEST_MS);

async function dashboard(...args: string[]): Promise<DashboardProcess> {
  const one = await startDashboard(...args);
  running.push(one);
  return one;
}

const leader = ({ nodes }: LiveDocument): number =>
  nodes.find(({ role }) => role === "leader")?.id ?? 0;

test(
  "dashboard: starts a sharded cluster, breaks and loads it; when it ends nothing is left",
  async () => {
    const one = await dashboard();
    // On disk: a node that comes back without its log and its vote need not come back at all.
    const options = { nodes: 3, storage: "disk", groups: 2, shards: 4 };
    expect((await one.post("start", { ...options, nodes: 10 })).status).toBe(400);
    expect((await one.post("fault", { kind: "crash", nodes: [1] })).status).toBe(409);
    expect(await one.post("start", options)).toMatchObject({ status: 200 });
    expect((await one.post("start", options)).status).toBe(409);
    const before = await one.until("shards served", ({ shards }) =>
      (shards?.shards ?? []).some(({ state }) => state === "serving"),
    );
    expect(before.shards!.shards.map(({ owner }) => owner).toSorted()).toEqual([2, 2, 3, 3]);
    expect(before.cluster).toMatchObject({ isOurs: true, hasFaultyLinks: true, shards: 4 });

    const load = { clients: 4, rate: 100, reads: 0.5 };
    expect((await one.post("load/start", { ...load, clients: 0 })).status).toBe(400);
    expect(await one.post("load/start", load)).toMatchObject({ status: 200 });
    await one.until("operations end", ({ load: { total } }) => total.ok > 0);

    const led = leader(before);
    expect(await one.post("fault", { kind: "crash", nodes: [led] })).toMatchObject({ status: 200 });
    await one.until("another leader", (now) => ![0, led].includes(leader(now)));
    expect(await one.post("fault", { kind: "partition", nodes: [led] })).toMatchObject({
      status: 200,
    });
    await one.until("a cut link", ({ links }) => links.some(({ cut }) => cut));
    expect(await one.post("fault", { kind: "crash", nodes: [9] })).toMatchObject({ status: 400 });
    expect(await one.post("fault", { kind: "recover" })).toMatchObject({ status: 200 });
    const after = await one.until(
      "all are back",
      ({ nodes, links }) => nodes.every(({ role }) => role !== "down") && links.length === 0,
    );
    expect(after.nodes.some(({ peers }) => peers.some(({ sent }) => sent.votes > 0))).toBe(true);

    const children = childrenOf(one.pid);
    expect(children.length).toBeGreaterThan(3);
    expect(await one.end()).toBe(0);
    await until("every process ends", 30_000, () => !children.some(isAlive));
    expect(existsSync(after.cluster!.dir)).toBe(false);
  },
  TEST_MS,
);

test(
  "dashboard --dir: shows a cluster that others run, may not stop it, and says when it has ended",
  async () => {
    const dir = join(root, "theirs");
    const events = { begun: () => {}, failed: () => {} };
    const local = { nodes: 3, storage: "memory", dir, faultyLinks: false, seed: 1 } as const;
    const theirs = await openCluster(local, events);
    try {
      const one = await dashboard("--dir", dir);
      const { cluster } = await one.until("the leader is seen", (now) => leader(now) !== 0);
      expect(cluster).toMatchObject({ isOurs: false, hasFaultyLinks: false });
      expect((await one.post("stop")).status).toBe(409);
      expect((await one.post("start", { nodes: 3, storage: "memory" })).status).toBe(409);
      const refused = await one.post("fault", { kind: "isolate", nodes: [1] });
      expect(refused.said.error).toContain("--faulty-links");
      expect(await one.post("fault", { kind: "pause", nodes: [2] })).toMatchObject({ status: 200 });
      await one.until("a paused node", ({ nodes }) => nodes[1]?.role === "paused");
      await theirs.stop();
      await one.until("the cluster is lost", ({ phase }) => phase === "lost");
    } finally {
      await theirs.stop();
    }
  },
  TEST_MS,
);
