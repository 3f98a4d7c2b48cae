import { afterEach, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../lib/user-error.ts";
import type { NodeConfigFile } from "./config.ts";
import { get, put } from "./testing/binary-client.ts";
import { clusterConfig, tempDir, TestCluster } from "./testing/cluster.ts";
import { until } from "./testing/until.ts";

const dirs: { remove(): void }[] = [];
const clusters: TestCluster[] = [];
afterEach(async () => {
  for (const cluster of clusters.splice(0)) {
    await cluster.stopAll();
    expect(cluster.fatal).toEqual([]);
  }
  for (const dir of dirs.splice(0)) dir.remove();
});

function newDir(): string {
  const dir = tempDir();
  dirs.push(dir);
  return dir.path;
}

function newCluster(config: NodeConfigFile): TestCluster {
  const cluster = new TestCluster(config);
  clusters.push(cluster);
  return cluster;
}

/** Every file below a directory, with its bytes: to see that nothing was touched. */
function contents(dir: string): Record<string, string> {
  const files = readdirSync(dir, { recursive: true, encoding: "utf8" }).sort();
  const isFile = (file: string): boolean => statSync(join(dir, file)).isFile();
  const digest = (file: string): string => Bun.hash(readFileSync(join(dir, file))).toString();
  return Object.fromEntries(files.filter(isFile).map((file) => [file, digest(file)]));
}

/** The problems of a start that a person can mend. */
function problemsOf(start: () => unknown): string[] {
  try {
    start();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return error.problems.map(({ where, what }) => `${where}: ${what}`);
  }
  return [];
}

test("node: three nodes elect a leader, which puts and gets for clients; a follower names it", async () => {
  const cluster = newCluster(clusterConfig(3, newDir(), "disk")).startAll();
  const leader = await cluster.leader();
  expect(await put(cluster.clientPort(leader), "k", "v")).toMatchObject({
    status: "ok",
    version: 1,
  });
  expect(await get(cluster.clientPort(leader), "k")).toMatchObject({ status: "ok", value: "v" });
  const follower = leader === 1 ? 2 : 1;
  const refused = await put(cluster.clientPort(follower), "k", "w");
  expect(refused).toMatchObject({ status: "notLeader", leaderHint: leader });
  const events = cluster.logs.get(leader)!.lines.map((line) => line.event);
  expect(events.filter((e) => ["started", "becameLeader"].includes(e))).toEqual([
    "started",
    "becameLeader",
  ]);
});

test("node: a new leader takes over, and the old one catches up when it is back", async () => {
  const cluster = newCluster(clusterConfig(3, newDir(), "disk")).startAll();
  const first = await cluster.leader();
  await put(cluster.clientPort(first), "k", "1");
  await cluster.stop(first);
  const second = await cluster.leader();
  expect(second).not.toBe(first);
  expect(await get(cluster.clientPort(second), "k")).toMatchObject({ value: "1" });
  await put(cluster.clientPort(second), "k", "2");
  cluster.start(first);
  const leader = await cluster.leader();
  await until("all have applied all", () => {
    const all = [...cluster.nodes.values()].map((node) => node.status());
    return new Set(all.map((s) => s.appliedIndex)).size === 1 && all[0]!.commitIndex >= 3;
  });
  expect(await get(cluster.clientPort(leader), "k")).toMatchObject({ value: "2", version: 2 });
});

test("node: all nodes start again with what was acknowledged", async () => {
  const cluster = newCluster(clusterConfig(3, newDir(), "disk")).startAll();
  const before = await cluster.leader();
  for (let i = 0; i < 10; i++) await put(cluster.clientPort(before), `k${i}`, `v${i}`);
  await cluster.stopAll();
  cluster.startAll();
  const after = await cluster.leader();
  for (let i = 0; i < 10; i++) {
    expect(await get(cluster.clientPort(after), `k${i}`)).toMatchObject({ value: `v${i}` });
  }
});

test("node: a cluster of one leads itself, on disk and in memory", async () => {
  for (const storage of ["disk", "memory"] as const) {
    const cluster = newCluster(clusterConfig(1, newDir(), storage)).startAll();
    expect(await cluster.leader()).toBe(1);
    expect(await put(cluster.clientPort(1), "k", "v")).toMatchObject({ status: "ok" });
  }
});

test("node: ports in use are told all at once, and the data are untouched", async () => {
  const dir = newDir();
  const cluster = newCluster(clusterConfig(1, dir, "disk")).startAll();
  await cluster.leader();
  await cluster.stopAll();
  const before = contents(dir);
  const [node] = cluster.config.nodes as [NodeConfigFile["nodes"][number]];
  const squatters = [node.peerPort, node.httpPort].map((port) =>
    Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } }),
  );
  expect(problemsOf(() => cluster.start(1))).toEqual([
    `peerPort of node 1: 127.0.0.1:${node.peerPort} is in use`,
    `httpPort of node 1: 127.0.0.1:${node.httpPort} is in use`,
  ]);
  expect(contents(dir)).toEqual(before);
  for (const squatter of squatters) squatter.stop(true);
  // Nothing of the failed start is left: the client port is free again too.
  cluster.start(1);
  expect(await cluster.leader()).toBe(1);
});

test("node: data of another cluster, or of another node, are refused and untouched", async () => {
  const dir = newDir();
  const config = clusterConfig(1, dir, "disk");
  const cluster = newCluster(config).startAll();
  await cluster.leader();
  await cluster.stopAll();
  const before = contents(dir);
  const other = newCluster({ ...config, clusterId: "other" });
  expect(problemsOf(() => other.start(1))).toHaveLength(1);
  expect(contents(dir)).toEqual(before);
  cluster.start(1);
  expect(await cluster.leader()).toBe(1);
});

test("node: a directory that a running node holds, or that is a file, is refused", async () => {
  const dir = newDir();
  const cluster = newCluster(clusterConfig(1, dir, "disk")).startAll();
  const second = newCluster({ ...clusterConfig(1, dir, "disk") });
  expect(problemsOf(() => second.start(1))[0]).toContain("another process");
  writeFileSync(join(dir, "file"), "");
  const below = newCluster(clusterConfig(1, join(dir, "file"), "disk"));
  expect(problemsOf(() => below.start(1))).toHaveLength(1);
  expect(await cluster.leader()).toBe(1);
});

test("node: an id that the config does not list is refused before anything is opened", () => {
  const dir = newDir();
  const cluster = newCluster(clusterConfig(3, dir, "disk"));
  expect(problemsOf(() => cluster.start(7))).toEqual(['--id: the cluster "test" has no node 7']);
  expect(existsSync(join(dir, "node-7"))).toBe(false);
});
