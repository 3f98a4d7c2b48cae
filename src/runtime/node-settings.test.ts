import { afterAll, expect, test } from "bun:test";
import { hostname } from "node:os";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../lib/user-error.ts";
import { type Given, readNodeSettings } from "./node-settings.ts";
import { idFromHostname, readSetting, SETTINGS, variableOf } from "./settings.ts";
import { tempDir } from "./testing/cluster.ts";

const dir = tempDir();
afterAll(() => dir.remove());

function fileOf(name: string, text: string): string {
  const path = join(dir.path, name);
  writeFileSync(path, text);
  return path;
}

const read = (given: Partial<Given>) => readNodeSettings({ flags: {}, env: {}, ...given });

function problemsOf(given: Partial<Given>): string[] {
  try {
    read(given);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    for (const { fix } of error.problems) expect(fix).not.toBe("");
    return error.problems.map(({ where, what }) => `${where.replace(`${dir.path}/`, "")}: ${what}`);
  }
  return [];
}

test("settings: a flag wins over a variable, that over the file, and that over the default", () => {
  const yaml = "id: 1\nclusterId: file\ndataDir: file\nraft: { leaseReads: true }\nfsync: always\n";
  const file = fileOf("a.yaml", yaml);
  const env = { ORDEAL_CLUSTER: "env", ORDEAL_DATA_DIR: "env", ORDEAL_LEASE_READS: "no" };
  const { config, id, effective } = read({ file, env, flags: { cluster: "flag" } });
  expect(id).toBe(1);
  expect(config).toMatchObject({ clusterId: "flag", dataDir: "env", storage: "disk" });
  expect([config.fsync, config.raft?.leaseReads]).toEqual(["always", false]);
  const from = Object.fromEntries(effective.map((one) => [one.key, one.from]));
  expect(from).toMatchObject({
    clusterId: "--cluster",
    dataDir: "$ORDEAL_DATA_DIR",
    fsync: `${file}: fsync`,
    "raft.leaseReads": "$ORDEAL_LEASE_READS",
    storage: "default",
  });
});

test("settings: YAML, TOML and JSON say the same", () => {
  const files = [
    fileOf("b.yml", "id: 2\nclusterId: c\nvoters: [1, 2]\nraft:\n  heartbeatIntervalMs: 20\n"),
    fileOf(
      "b.toml",
      'id = 2\nclusterId = "c"\nvoters = [1, 2]\n[raft]\nheartbeatIntervalMs = 20\n',
    ),
    fileOf("b.json", '{"id":2,"clusterId":"c","voters":[1,2],"raft":{"heartbeatIntervalMs":20}}'),
  ];
  const configs = files.map((file) => read({ file }).config);
  expect(configs[0]).toMatchObject({ voters: [1, 2], raft: { heartbeatIntervalMs: 20 } });
  expect(configs[1]).toEqual(configs[0]!);
  expect(configs[2]).toEqual(configs[0]!);
});

test("settings: one message lists every problem, each by where the person wrote it", () => {
  const yaml = "idd: 1\nclusterId: 7\nraft: { electionTimeoutMinMs: 100, leaseRead: true }\n";
  const env = { ORDEAL_HEARTBEAT_MS: "60", ORDEAL_LEARNER: "maybe" };
  const flags = {
    ...{ "listen-peer": "7101", storage: "tape", voters: "3-1" },
    ...{ "listen-http": "127.0.0.1:7201", peers: "nowhere" },
  };
  const problems = problemsOf({ file: fileOf("bad.yaml", yaml), env, flags });
  expect(problems.sort()).toEqual([
    '$ORDEAL_LEARNER: "maybe" is not true or false',
    '--listen-peer: "7101" is no HOST:PORT',
    '--peers: "nowhere" is no address of a node',
    '--storage: must be "disk" or "memory", not "tape"',
    '--voters: "3-1" is not ids like 1,2,3 or 1-3',
    "bad.yaml: clusterId: 7 is not a text",
    "bad.yaml: idd: is not a known setting",
    "bad.yaml: raft.leaseRead: is not a known setting",
    "id: is missing",
  ]);
  const clash = { id: "1", cluster: "c", "listen-http": "127.0.0.1:7201" };
  const late = { ORDEAL_HEARTBEAT_MS: "60", ORDEAL_ELECTION_TIMEOUT_MS: "100" };
  expect(problemsOf({ flags: clash, env: late })).toEqual([
    "--listen-http: 127.0.0.1:7201 is also listenClient",
    "$ORDEAL_HEARTBEAT_MS: 60 ms leaves no room for a lost heartbeat in 100 ms",
  ]);
  expect(problemsOf({ flags: { id: "70000" } })).toEqual([
    "clusterId: is missing",
    "--id: must be 65535 or less, not 70000",
  ]);
  expect(problemsOf({ file: fileOf("torn.toml", "id = = 3") }).join()).toContain("torn.toml: TOML");
});

test("settings: who votes first comes from the list, or must be said", () => {
  const base = { id: "2", cluster: "c" };
  const votersOf = (flags: object): unknown => read({ flags: { ...base, ...flags } }).config.voters;
  expect(votersOf({})).toEqual([2]);
  expect(votersOf({ peers: "a:1,b:2,c:3" })).toEqual([1, 2, 3]);
  expect(votersOf({ peers: "2=a:1,5=b:2" })).toEqual([2, 5]);
  expect(votersOf({ peers: "a:1", voters: "1-3,9" })).toEqual([1, 2, 3, 9]);
  const dns = { ...base, peers: "dns+a://ordeal:7301" };
  expect(problemsOf({ flags: dns })).toEqual(["--peers: the source does not tell who votes first"]);
  expect(votersOf({ peers: dns.peers, voters: "1,2,3" })).toEqual([1, 2, 3]);
});

test("settings: a node listens on any host and is known by one that others can dial", () => {
  const base = { id: "1", cluster: "c" };
  const any = { "listen-peer": "0.0.0.0:1", "listen-client": "127.0.0.1:2" };
  const { config } = read({ flags: { ...base, ...any, "listen-http": "0.0.0.0:3" } });
  const ports = { peerPort: 1, clientPort: 2, httpPort: 3 };
  expect(config.nodes).toEqual([{ id: 1, host: hostname(), ...ports }]);
  expect(config.listenHosts).toEqual({
    ...{ peerPort: "0.0.0.0", clientPort: "127.0.0.1", httpPort: "0.0.0.0" },
  });
  const told = read({ flags: { ...base, ...any, advertise: "ordeal-0.ordeal" } }).config;
  expect(told.nodes[0]!.host).toBe("ordeal-0.ordeal");
  expect(read({ flags: base }).config.listenHosts).toBeUndefined();
});

test("settings: in a file that lists the nodes a flag changes this node only", () => {
  const nodes = [1, 2].map((id) => {
    return { id, host: "h", peerPort: 10 + id, clientPort: 20 + id, httpPort: 30 + id };
  });
  const file = fileOf(
    "c.json",
    JSON.stringify({ clusterId: "c", dataDir: "d", storage: "disk", nodes }),
  );
  const { config, hasNodes } = read({ file, flags: { id: "2", "listen-http": "h:99" } });
  expect(hasNodes).toBe(true);
  expect(config.nodes).toEqual([nodes[0]!, { ...nodes[1]!, httpPort: 99 }]);
  expect(config.voters).toBeUndefined();
});

test("settings: the id follows from a StatefulSet's host name", () => {
  expect([idFromHostname("ordeal-0"), idFromHostname("ordeal-11.ordeal.default")]).toEqual([1, 12]);
  expect([idFromHostname("box"), idFromHostname("a-1b"), idFromHostname("x1")]).toEqual([
    ...[null, null, null],
  ]);
});

test("settings: each has a variable and a flag of its own, and reads what it writes", () => {
  const variables = SETTINGS.map(variableOf);
  expect(new Set(variables).size).toBe(SETTINGS.length);
  expect(new Set(SETTINGS.map(({ key }) => key)).size).toBe(SETTINGS.length);
  expect(variables).toContain("ORDEAL_LISTEN_PEER");
  const ids = SETTINGS.find(({ key }) => key === "voters")!;
  expect(readSetting(ids, "1-3, 7")).toEqual([1, 2, 3, 7]);
  expect([readSetting(ids, ""), readSetting(ids, "1-9999"), readSetting(ids, "a")]).toEqual([
    ...[null, null, null],
  ]);
});
