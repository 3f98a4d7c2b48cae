import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../lib/user-error.ts";
import { loadConfig, nodeAddress, parseConfig, peerEndpoint, withFsync } from "./config.ts";

const node = (id: number) => ({
  id,
  host: "127.0.0.1",
  peerPort: 7000 + id,
  clientPort: 7100 + id,
  httpPort: 7200 + id,
});
const good = {
  clusterId: "blue",
  nodes: [node(1), node(2), node(3)],
  dataDir: "data",
  storage: "disk" as const,
};

/** Where each problem of a config is, and what it says. */
function problemsOf(json: unknown): string[] {
  try {
    parseConfig(json, "cluster.json");
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    for (const problem of error.problems) expect(problem.fix).not.toBe("");
    return error.problems.map(({ where, what }) => `${where}: ${what}`);
  }
  return [];
}

test("config: a good one is taken as it is", () => {
  const full = {
    ...good,
    links: { 1: { 2: "127.0.0.1:9012" } },
    raft: { electionTimeoutMinMs: 150, heartbeatIntervalMs: 30 },
  };
  expect(parseConfig(full, "x") as unknown).toEqual(full);
});

test("config: one message lists every problem of the shape", () => {
  const { dataDir: _, ...rest } = good;
  const nodes = [
    { ...node(1), id: 0, peerPort: 70_000 },
    { ...node(2), host: 7 },
  ];
  const problems = problemsOf({ ...rest, nodes, storage: "tape", colour: "red" });
  expect(problems).toEqual([
    "nodes.0.id: must be 1 or more, not 0",
    "nodes.0.peerPort: must be a port from 1 to 65535, not 70000",
    "nodes.1.host: must be a string, not 7",
    "dataDir: is missing",
    'storage: must be "disk" or "memory", not "tape"',
    "colour: is not a known setting",
  ]);
  expect(problemsOf({ ...good, clusterId: "", nodes: [] })).toEqual([
    "clusterId: must not be empty",
    "nodes: must list at least one node",
  ]);
});

test("config: a node id twice, a port twice and a link to nobody are told together", () => {
  const nodes = [node(1), { ...node(1), peerPort: 7201, clientPort: 8001, httpPort: 8002 }];
  const links = { 1: { 9: "127.0.0.1:1", 1: "127.0.0.1:2" } };
  expect(problemsOf({ ...good, nodes, links })).toEqual([
    "nodes.1.id: node 1 is listed twice",
    "nodes.1.peerPort: 127.0.0.1:7201 is also nodes.0.httpPort",
    "links.1.1: a node does not dial itself",
    "links.1.9: links a node that is not listed",
  ]);
});

test("config: a mode of syncing goes with data on disk only, and a flag comes before the file", () => {
  expect(parseConfig({ ...good, fsync: "always" }, "x").fsync).toBe("always");
  expect(problemsOf({ ...good, fsync: "sometimes" })).toEqual([
    'fsync: must be "always", "batch" or "never", not "sometimes"',
  ]);
  const memory = { ...good, storage: "memory" as const };
  const why = "nothing is written with storage in memory, so there is nothing to sync";
  expect(problemsOf({ ...memory, fsync: "batch" })).toEqual([`fsync: ${why}`]);
  expect(withFsync({ ...good, fsync: "always" }, "never").fsync).toBe("never");
  expect(withFsync({ ...good, fsync: "always" }, undefined).fsync).toBe("always");
  expect(() => withFsync(memory, "batch")).toThrow(why);
});

test("config: the groups of a sharded cluster, and every problem of them", () => {
  const sharding = { shards: 12, groups: { 1: [1, 2, 3], 2: [1, 2], 3: [3] } };
  expect(parseConfig({ ...good, sharding }, "x").sharding as unknown).toEqual(sharding);
  const bad = { shards: 12, groups: { 1: [1, 2], 2: [2, 2, 9], two: [1] } };
  expect(problemsOf({ ...good, sharding: bad })).toEqual([
    "sharding.groups.2: names a node twice",
    "sharding.groups.2: node 9 is not listed",
    "sharding.groups.two: is no id of a group",
    "sharding.groups.1: does not name the first voters",
  ]);
  expect(problemsOf({ ...good, sharding: { shards: 0, groups: { 2: [] } } })).toEqual([
    "sharding.shards: must be 1 or more, not 0",
    "sharding.groups.2: must name at least one node",
  ]);
  expect(problemsOf({ ...good, sharding: { shards: 1, groups: {} } })).toEqual([
    "sharding.groups.1: is missing",
  ]);
  // A node may have left a cluster that has begun; its groups remember it.
  const begun = { ...good, voters: [1, 2, 3, 4], bootstrapped: true };
  const old = { shards: 12, groups: { 1: [1, 2, 3, 4], 2: [3, 4] } };
  expect(problemsOf({ ...begun, sharding: old })).toEqual([]);
  expect(problemsOf({ ...begun, bootstrapped: false, sharding: old })).toEqual([
    "sharding.groups.1: node 4 is not listed",
    "sharding.groups.2: node 4 is not listed",
  ]);
});

test("config: heartbeats that leave no room for a lost one are refused", () => {
  const raft = { electionTimeoutMinMs: 100, heartbeatIntervalMs: 60 };
  expect(problemsOf({ ...good, raft })).toEqual([
    "raft.heartbeatIntervalMs: 60 ms leaves no room for a lost heartbeat in 100 ms",
  ]);
  expect(problemsOf({ ...good, raft: { electionTimeoutMinMs: 20 } })).toEqual([
    "raft.heartbeatIntervalMs: 100 ms leaves no room for a lost heartbeat in 20 ms",
  ]);
});

test("config: an id that is not listed is refused with those that are", () => {
  const config = parseConfig(good, "x");
  expect(nodeAddress(config, 2).peerPort).toBe(7002);
  expect(() => nodeAddress(config, 4)).toThrow("use one of 1, 2, 3");
});

test("config: links replace what a node dials, in one direction only", () => {
  const config = parseConfig({ ...good, links: { 1: { 2: "localhost:9012" } } }, "x");
  expect(peerEndpoint(config, 1, 2)).toEqual({ host: "localhost", port: 9012 });
  expect(peerEndpoint(config, 2, 1)).toEqual({ host: "127.0.0.1", port: 7001 });
});

test("config: a missing file and a file that is not JSON say which file and how to mend it", () => {
  const dir = mkdtempSync(join(tmpdir(), "ordeal-config-"));
  const path = join(dir, "cluster.json");
  expect(() => loadConfig(path)).toThrow(/cluster\.json: ENOENT[^]*give the path/);
  writeFileSync(path, "{ not json");
  expect(() => loadConfig(path)).toThrow(/cluster\.json: [^]*one valid JSON document/);
  writeFileSync(path, JSON.stringify(good));
  expect(loadConfig(path).clusterId).toBe("blue");
  rmSync(dir, { recursive: true });
});
