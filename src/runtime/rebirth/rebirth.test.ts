import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import {
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { GROUP_1 } from "../../lib/ids.ts";
import { clusterConfig, tempDir, TestCluster } from "../testing/cluster.ts";
import { get, put } from "../testing/binary-client.ts";
import { problemOf } from "../testing/problem-of.ts";
import { until } from "../testing/until.ts";
import { type BackupMeta, readBackup, writeBackup } from "./backup-file.ts";
import { diskPort } from "../disk.ts";
import { newBeginning, newClusterId, piecesOf, writeNewNodes } from "./new-life.ts";
import { readOldState } from "./old-state.ts";
import { recoverNode } from "./recover.ts";

setDefaultTimeout(60_000);

const clusters: TestCluster[] = [];
const dirs: ReturnType<typeof tempDir>[] = [];
afterEach(async () => {
  for (const cluster of clusters.splice(0)) await cluster.stopAll();
  for (const dir of dirs.splice(0)) dir.remove();
});

function newDir(): string {
  const dir = tempDir();
  dirs.push(dir);
  return dir.path;
}

function run(config: TestCluster["config"]): TestCluster {
  const cluster = new TestCluster(config).startAll();
  clusters.push(cluster);
  return cluster;
}

async function backup(url: string, path: string): Promise<BackupMeta> {
  const response = await fetch(`${url}/admin/backup`);
  expect(response.status).toBe(200);
  const node = Number(response.headers.get("X-Ordeal-Node"));
  const version = response.headers.get("X-Ordeal-Version")!;
  return writeBackup(path, { node, version, snapshot: response.body! });
}

/** One key grows by one item an append, so that any state of it is a prefix of the history. */
async function grow(url: string, acked: { count: number }, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const response = await fetch(`${url}/kv/list`, { method: "POST", body: `${acked.count},` });
    expect(response.status).toBe(200);
    acked.count++;
  }
}

const list = (count: number): string => Array.from({ length: count }, (_, i) => `${i},`).join("");

/** What the disk of a node of an unsharded cluster holds. */
function keysOn(dataDir: string, id: number): string[] {
  const old = readOldState(diskPort(), join(dataDir, `node-${id}`), id, undefined);
  if (old.kind !== "whole") throw new Error("it is sharded");
  const entries = [...old.machine.store.entries()];
  return entries.map(({ key }) => new TextDecoder().decode(key)).sort();
}

test("backup: taken under load it holds a prefix of the history with all that was acknowledged before, and a restored cluster has exactly that", async () => {
  const cluster = run(clusterConfig(3, newDir(), "disk"));
  const leader = await cluster.leader();
  const follower = leader === 1 ? 2 : 1;
  const acked = { count: 0 };
  let isOver = false;
  const growing = grow(cluster.url(leader), acked, () => isOver);
  await until("some are acknowledged", () => acked.count > 20);
  const before = acked.count;
  const file = join(newDir(), "backup");
  const meta = await backup(cluster.url(follower), file);
  const begun = acked.count + 1;
  isOver = true;
  await growing;
  expect([meta.node, meta.clusterId, meta.keys]).toEqual([leader, "test", 1]);
  const { machine } = readBackup(file);
  const [entry] = [...machine.store.entries()];
  const kept = entry!.version;
  expect(kept).toBeGreaterThanOrEqual(before);
  expect(kept).toBeLessThanOrEqual(begun);
  expect(new TextDecoder().decode(entry!.value)).toBe(list(kept));

  const config = { ...clusterConfig(3, newDir(), "disk"), bootstrapped: true };
  const clusterId = newClusterId(meta.clusterId);
  const place = newBeginning({ lastIndex: meta.index, term: meta.term }, [1, 2, 3]);
  const nodes = [1, 2, 3].map((id) => {
    return { port: diskPort(), dir: join(config.dataDir, `node-${id}`), clusterId, id };
  });
  await writeNewNodes(nodes, [{ group: GROUP_1, meta: place, state: () => piecesOf(machine) }]);
  const restored = run({ ...config, clusterId });
  const port = restored.clientPort(await restored.leader());
  const found = await get(port, "list");
  expect([found.status, found.version, found.value]).toEqual(["ok", kept, list(kept)]);
  const written = await put(port, "more", "x");
  expect(written.status).toBe("ok");
  const { commitIndex } = restored.nodes.get(await restored.leader())!.status();
  expect(commitIndex).toBeGreaterThan(1_000_000_000 + meta.index);
});

test("backup: a file that is damaged anywhere, cut short or none at all is refused, and says where", async () => {
  const cluster = run(clusterConfig(1, newDir(), "memory"));
  const port = cluster.clientPort(await cluster.leader());
  for (let i = 0; i < 40; i++) await put(port, `key-${i}`, "v".repeat(200));
  const dir = newDir();
  const file = join(dir, "backup");
  await backup(cluster.url(1), file);
  expect(readBackup(file).meta.keys).toBe(40);
  const sound = readFileSync(file);
  const broken = join(dir, "broken");
  for (const at of [0, 20, 4_000, 4_094, 4_100, 4_300, sound.length - 3]) {
    const bytes = Uint8Array.from(sound);
    bytes[at]! ^= 0x10;
    writeFileSync(broken, bytes);
    expect(
      problemOf(() => readBackup(broken)),
      `byte ${at}`,
    ).toContain("the backup cannot be used");
    expect(problemOf(() => readBackup(broken))).toContain("offset");
  }
  for (const length of [0, 100, 4_096, 5_000, sound.length - 1]) {
    writeFileSync(broken, sound);
    truncateSync(broken, length);
    expect(
      problemOf(() => readBackup(broken)),
      `${length} bytes`,
    ).toContain("the backup cannot");
  }
  expect(problemOf(() => readBackup(join(dir, "none")))).toContain("no such file");
});

test("backup: a stream that breaks off, or ends early, leaves no file", async () => {
  const dir = newDir();
  const file = join(dir, "backup");
  const snapshot = async function* (): AsyncIterable<Uint8Array> {
    yield new Uint8Array(100);
    throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
  };
  const source = { node: 1, version: "0" };
  await expect(writeBackup(file, { ...source, snapshot: snapshot() })).rejects.toThrow(
    "no space left",
  );
  const short = async function* (): AsyncIterable<Uint8Array> {
    yield* [];
  };
  await expect(writeBackup(file, { ...source, snapshot: short() })).rejects.toThrow("cut short");
  expect(readdirSync(dir)).toEqual([]);
});

test("recover: one survivor goes on with all that its log holds, and the others are refused", async () => {
  const config = clusterConfig(3, newDir(), "disk");
  const cluster = run(config);
  const leader = await cluster.leader();
  for (let i = 0; i < 20; i++) await put(cluster.clientPort(leader), `key-${i}`, `v${i}`);
  const survivor = leader === 2 ? 3 : 2;
  await until("the survivor has them", () => {
    const { lastIndex } = cluster.nodes.get(leader)!.status();
    return cluster.nodes.get(survivor)!.status().durableIndex === lastIndex;
  });
  await cluster.stopAll();
  expect(keysOn(config.dataDir, survivor)).toHaveLength(20);

  const done = await recoverNode(config.dataDir, survivor);
  expect([done.keys, done.oldClusterId]).toEqual([20, "test"]);
  expect(existsSync(done.keptDir)).toBe(true);
  expect(statSync(join(done.keptDir, "wal")).isDirectory()).toBe(true);
  const alone = { ...config, clusterId: done.clusterId, voters: [survivor], bootstrapped: true };
  const recovered = new TestCluster(alone);
  clusters.push(recovered);
  recovered.start(survivor);
  const port = recovered.clientPort(survivor);
  await until("it leads", () => recovered.nodes.get(survivor)!.status().role === "leader");
  expect(recovered.nodes.get(survivor)!.status().membership.voters.map(Number)).toEqual([survivor]);
  expect((await get(port, "key-19")).value).toBe("v19");
  expect((await put(port, "new", "life")).status).toBe("ok");

  // A node of the old cluster, at its old place, with its old config.
  const old = [1, 2, 3].find((id) => id !== survivor)!;
  cluster.start(old);
  const words = `refused: this is cluster "${done.clusterId}", not "test"`;
  await until("the old node is refused", () =>
    cluster.logs.get(old)!.reasons("peerUnreachable").includes(words),
  );
  expect(recovered.nodes.get(survivor)!.status().role).toBe("leader");
  // Its data are of another cluster than the new one, too.
  await cluster.stop(old);
  expect(problemOf(() => recovered.start(old))).toContain(
    `belongs to node ${old} of cluster "test"`,
  );
});

test("recover: entries of the log that nobody has told the node to be committed count", async () => {
  const config = clusterConfig(3, newDir(), "disk");
  const cluster = run(config);
  const leader = await cluster.leader();
  await put(cluster.clientPort(leader), "committed", "yes");
  for (const { id } of config.nodes) if (id !== leader) await cluster.stop(id);
  void put(cluster.clientPort(leader), "uncommitted", "perhaps").catch(() => {});
  const node = cluster.nodes.get(leader)!;
  await until("it is in the log, and not committed", () => {
    const { lastIndex, commitIndex, durableIndex } = node.status();
    return lastIndex > commitIndex && durableIndex === lastIndex;
  });
  await cluster.stop(leader);
  expect(keysOn(config.dataDir, leader)).toEqual(["committed", "uncommitted"]);
});

test("recover: a directory that a node uses, or that is not there, is left alone", async () => {
  const config = clusterConfig(1, newDir(), "disk");
  const cluster = run(config);
  await cluster.leader();
  await expect(recoverNode(config.dataDir, 1)).rejects.toThrow("another process");
  await expect(recoverNode(config.dataDir, 7)).rejects.toThrow("no such directory");
  expect(readdirSync(config.dataDir)).toEqual(["node-1"]);
});
