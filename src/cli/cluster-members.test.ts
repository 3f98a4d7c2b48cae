import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { afterAll, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NodeStatusReport } from "../runtime/node-status.ts";
import { isAlive } from "../target/testing/processes.ts";
import { until } from "../target/until.ts";
import type { ClusterRecord } from "./cluster/record.ts";
import { endClusters } from "./testing/clusters.ts";
import { runOrdeal } from "./testing/ordeal.ts";

const WITHIN_MS = 30_000;
const TEST_MS = 120_000;

const root = mkdtempSync(join(tmpdir(), "ordeal-members-"));
afterAll(() => {
  endClusters(root);
  rmSync(root, { recursive: true });
});

const cluster = (command: string, dir: string, ...args: string[]) =>
  runOrdeal(["cluster", command, "--dir", dir, ...args]);

async function ok(command: string, dir: string, ...args: string[]): Promise<string> {
  const { out, err, code } = await cluster(command, dir, ...args);
  expect(code, `${command}: ${err}`).toBe(0);
  return out;
}

const nodesOf = (dir: string): ClusterRecord["nodes"] =>
  (JSON.parse(readFileSync(join(dir, "cluster.json"), "utf8")) as ClusterRecord).nodes;

const idsOf = (dir: string): number[] => nodesOf(dir).map((node) => node.id);

async function report(dir: string, id: number): Promise<NodeStatusReport> {
  const node = nodesOf(dir).find((n) => n.id === id)!;
  const response = await fetch(`http://127.0.0.1:${node.httpPort}/status`);
  return (await response.json()) as NodeStatusReport;
}

/** Puts or gets by whichever node answers. */
function colour(dir: string, init?: RequestInit): Promise<string> {
  return until("the leader answers", WITHIN_MS, async () => {
    for (const { httpPort } of nodesOf(dir)) {
      const url = `http://127.0.0.1:${httpPort}/kv/colour`;
      const response = await fetch(url, init).catch(() => null);
      if (response?.ok === true) return response.text();
    }
    return null;
  });
}

test(
  "cluster: members are added, promoted, replaced and removed while the data stay",
  async () => {
    const dir = join(root, "members");
    await ok("start", dir, "-n", "3");
    await colour(dir, { method: "PUT", body: "blue" });
    await ok("snapshot", dir);
    expect(JSON.parse(await ok("add", dir, "--json"))).toEqual({ ok: true, added: [4] });
    expect(await ok("add", dir, "--learner")).toContain("added node 5 as learner");
    await until("the leader knows the members", WITHIN_MS, async () => {
      const { leaderId } = await report(dir, 1);
      if (leaderId === 0) return false;
      const { voters, learners } = (await report(dir, leaderId)).membership;
      return Bun.deepEquals([voters, learners], [[1, 2, 3, 4], [5]]);
    });
    await ok("promote", dir, "--node", "5");
    await until("node 5 leads", WITHIN_MS, async () => {
      await ok("transfer", dir, "--to", "5");
      return (await report(dir, 5)).role === "leader";
    });

    const [first] = nodesOf(dir);
    expect(await ok("replace", dir, "--node", "1")).toContain("replaced node 1 by node 6");
    expect(isAlive(first!.pid)).toBe(false);
    await ok("remove", dir, "--node", "5"); // It leads.
    await ok("remove", dir, "--node", "2");
    expect(idsOf(dir)).toEqual([3, 4, 6]);
    expect(await colour(dir)).toBe("blue");

    const wrong = await cluster("remove", dir, "--node", "2");
    expect(wrong.code).toBe(64);
    expect(wrong.err).toContain("use one of 3, 4, 6");
    await ok("stop", dir);
    await ok("start", dir, "-n", "3");
    expect(idsOf(dir)).toEqual([3, 4, 6]);
    expect(await colour(dir)).toBe("blue");
    await ok("stop", dir);
  },
  TEST_MS,
);

test(
  "cluster: a node whose data are gone takes no part under its old id, and is replaced",
  async () => {
    const dir = join(root, "wiped");
    await ok("start", dir, "-n", "3");
    await colour(dir, { method: "PUT", body: "green" });
    await ok("stop", dir);
    rmSync(join(dir, "node-2"), { recursive: true });
    await ok("start", dir, "-n", "3");
    expect(await colour(dir)).toBe("green");
    expect((await report(dir, 2)).lastIndex as number).toBe(0);
    expect(readFileSync(join(dir, "node-2", "node.log"), "utf8")).toContain('"dataLost"');
    await ok("replace", dir, "--node", "2");
    expect(idsOf(dir)).toEqual([1, 3, 4]);
    const { lastIndex } = await report(dir, 4);
    expect(lastIndex).toBeGreaterThan(0);
    await ok("stop", dir);
  },
  TEST_MS,
);
