import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { childrenOf, isAlive } from "../target/testing/processes.ts";
import { until } from "../target/until.ts";
import type { ClusterDocument } from "./cluster/show.ts";
import type { ClusterRecord } from "./cluster/record.ts";
import { endClusters } from "./testing/clusters.ts";
import { runOrdeal } from "./testing/ordeal.ts";

const MAIN = join(import.meta.dir, "main.ts");
const WITHIN_MS = 30_000;
const TEST_MS = 120_000;

const root = mkdtempSync(join(tmpdir(), "ordeal-cluster-"));
afterAll(() => {
  endClusters(root);
  rmSync(root, { recursive: true });
});

const ordeal = (...args: readonly string[]) => runOrdeal(args);

const recordOf = (dir: string): ClusterRecord =>
  JSON.parse(readFileSync(join(dir, "cluster.json"), "utf8")) as ClusterRecord;

test(
  "cluster: start, status, a second start refused, stop, and a start on the same data",
  async () => {
    const dir = join(root, "life");
    const started = await ordeal("cluster", "start", "-n", "3", "--dir", dir, "--json");
    expect(started.err).toBe("");
    expect(started.code).toBe(0);
    const { nodes } = JSON.parse(started.out) as ClusterDocument;
    expect(nodes.map((node) => node.id)).toEqual([1, 2, 3]);
    expect(nodes.map((node) => node.role)).toContain("leader");
    expect(nodes.every((node) => isAlive(node.pid))).toBe(true);
    const { clusterId, supervisorPid } = recordOf(dir);

    const again = await ordeal("cluster", "start", "-n", "3", "--dir", dir);
    expect(again.code).toBe(64);
    expect(again.err).toContain(`a cluster runs there already (supervisor ${supervisorPid})`);

    const leader = nodes.find((node) => node.role === "leader")!;
    const url = `http://127.0.0.1:${leader.httpPort}/kv/colour`;
    await until("a leader takes it", WITHIN_MS, async () => {
      return (await fetch(url, { method: "PUT", body: "blue" })).ok;
    });
    const status = await ordeal("cluster", "status", "--dir", dir);
    expect(status.out).toMatch(/^node +role +term +commit/);
    expect(status.out.trim().split("\n").length).toBe(5);
    expect(status.out).toContain("storage: disk");

    expect((await ordeal("cluster", "stop", "--dir", dir)).code).toBe(0);
    expect(nodes.filter((node) => isAlive(node.pid))).toEqual([]);
    expect(isAlive(supervisorPid)).toBe(false);

    const wrong = await ordeal("cluster", "start", "-n", "5", "--dir", dir);
    expect(wrong.code).toBe(64);
    expect(wrong.err).toContain("the data are of 3 nodes, not 5");

    const second = await ordeal("cluster", "start", "-n", "3", "--dir", dir, "--json");
    expect(second.code).toBe(0);
    expect(recordOf(dir).clusterId).toBe(clusterId);
    const after = (JSON.parse(second.out) as ClusterDocument).nodes;
    const colour = await until("the leader answers", WITHIN_MS, async () => {
      for (const { httpPort } of after) {
        const response = await fetch(`http://127.0.0.1:${httpPort}/kv/colour`);
        if (response.ok) return response.text();
      }
      return null;
    });
    expect(colour).toBe("blue");
    expect((await ordeal("cluster", "stop", "--dir", dir)).code).toBe(0);
  },
  TEST_MS,
);

test(
  "cluster: when the supervisor is killed every process ends, a paused node too",
  async () => {
    const dir = join(root, "killed");
    const args = ["-n", "3", "--storage", "memory", "--faulty-links", "--dir", dir];
    expect((await ordeal("cluster", "start", ...args)).code).toBe(0);
    const { supervisorPid, nodes } = recordOf(dir);
    const children = childrenOf(supervisorPid);
    expect(children.length).toBe(4); // The proxy is one.
    expect(nodes.every((node) => children.includes(node.pid))).toBe(true);
    process.kill(nodes[1]!.pid, "SIGSTOP");
    process.kill(supervisorPid, "SIGKILL");
    await until("all end", WITHIN_MS, () => ![supervisorPid, ...children].some(isAlive));

    const status = await ordeal("cluster", "status", "--dir", dir);
    expect(status.code).toBe(64);
    expect(status.err).toContain("the cluster there has ended");
    expect((await ordeal("cluster", "start", ...args)).code).toBe(0);
    expect((await ordeal("cluster", "stop", "--dir", dir)).code).toBe(0);
  },
  TEST_MS,
);

test("cluster start --foreground: stays until it is interrupted, then leaves nothing", async () => {
  const dir = join(root, "foreground");
  const args = ["-n", "1", "--storage", "memory", "--foreground", "--dir", dir];
  const child = Bun.spawn([process.execPath, MAIN, "cluster", "start", ...args], {
    stdout: "pipe",
    stderr: "inherit",
  });
  await until("it runs", WITHIN_MS, () => existsSync(join(dir, "cluster.json")));
  const [node] = recordOf(dir).nodes;
  child.kill("SIGINT");
  expect(await child.exited).toBe(0);
  expect(await child.stdout.text()).toContain("leader");
  expect(isAlive(node!.pid)).toBe(false);
  expect(existsSync(join(dir, "cluster.json"))).toBe(false);
});

test("cluster: bad input says what, where and how to fix it, and exits 64", async () => {
  const socket = { data() {} };
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket });
  const file = join(root, "file");
  writeFileSync(file, "kept");
  const dir = join(root, "bad");
  const cases: readonly (readonly [string[], string])[] = [
    [["start", "-n", "10", "--dir", dir], "a cluster of 10 nodes"],
    [["start", "--dir", join(file, "x")], "ENOTDIR"],
    [["start", "--dir", dir, "--base-port", String(server.port)], `port ${server.port}: is in use`],
    [["status", "--dir", dir], "no cluster runs there"],
    [["stop", "--dir", join(root, "nowhere")], "no cluster runs there"],
  ];
  const results = await Promise.all(cases.map(([args]) => ordeal("cluster", ...args)));
  server.stop(true);
  for (const [i, { out, err, code }] of results.entries()) {
    expect(err).toContain(cases[i]![1]);
    expect(err).toContain("fix: ");
    expect({ out, code }).toEqual({ out: "", code: 64 });
  }
  expect(readFileSync(file, "utf8")).toBe("kept");
  expect(existsSync(join(root, "nowhere"))).toBe(false);
});
