import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { clusterConfig, shardedConfig, tempDir, TestCluster } from "./testing/cluster.ts";
import { get, put } from "./testing/binary-client.ts";
import { until } from "./testing/until.ts";

setDefaultTimeout(60_000);

let cluster: TestCluster;
const dirs: ReturnType<typeof tempDir>[] = [];
afterEach(async () => {
  await cluster.stopAll();
  for (const dir of dirs.splice(0)) dir.remove();
});

const newDir = (): string => {
  const dir = tempDir();
  dirs.push(dir);
  return dir.path;
};

test("resign: a leader hands over, and every write of the time after has a definite answer", async () => {
  cluster = new TestCluster(clusterConfig(3, newDir(), "disk")).startAll();
  const leader = await cluster.leader();
  const port = cluster.clientPort(leader);
  const statuses: string[] = [];
  let isOver = false;
  const writer = async (name: string): Promise<void> => {
    for (let i = 0; !isOver; i++) statuses.push((await put(port, `${name}-${i}`, "v")).status);
  };
  const writers = ["a", "b", "c", "d"].map(writer);
  await until("writes are acknowledged", () => statuses.length > 20);
  await cluster.nodes.get(leader)!.admin.resign();
  isOver = true;
  await Promise.all(writers);
  // What it had proposed was committed before it stepped down: nobody hears leadershipLost.
  expect(statuses.filter((status) => status !== "ok" && status !== "notLeader")).toEqual([]);
  expect(statuses).toContain("ok");
  const next = await cluster.leader();
  expect(next).not.toBe(leader);
  const { status, leaderHint } = await get(port, "a-0");
  expect([status, leaderHint]).toEqual(["notLeader", next]);
});

test("resign: a node that is alone answers what it took, and refuses the rest for good", async () => {
  cluster = new TestCluster(clusterConfig(1, newDir(), "disk")).startAll();
  await cluster.leader();
  const taken = put(cluster.clientPort(1), "key", "value");
  expect((await taken).status).toBe("ok");
  await cluster.nodes.get(1)!.admin.resign();
  expect((await put(cluster.clientPort(1), "key", "later")).status).toBe("shuttingDown");
});

test("resign: a leader whose followers are gone has nobody to hand over to, and refuses all", async () => {
  cluster = new TestCluster(clusterConfig(3, newDir(), "memory")).startAll();
  const leader = await cluster.leader();
  for (const { id } of cluster.config.nodes) if (id !== leader) await cluster.stop(id);
  const node = cluster.nodes.get(leader)!;
  await until("it sees nobody", () => node.status().peers.every((peer) => !peer.isConnected));
  await node.admin.resign();
  expect((await put(cluster.clientPort(leader), "key", "value")).status).toBe("shuttingDown");
});

test("resign: of a sharded cluster every group that the node leads is handed over", async () => {
  const shape = { shards: 4, groups: 3, replicas: 3 };
  cluster = new TestCluster(shardedConfig(3, newDir(), "memory", shape)).startAll();
  await cluster.leader();
  const leaders = (): readonly number[] =>
    [1, 2, 3, 4].map(
      (group) =>
        [...cluster.nodes.values()]
          .flatMap((node) =>
            (node.status().groups ?? []).map((one) => ({ ...one, id: node.status().id })),
          )
          .find((one) => one.group === group && one.role === "leader")?.id ?? 0,
    );
  await until("all groups have leaders", () => leaders().every((id) => id !== 0));
  const [busy] = leaders();
  await cluster.nodes.get(busy!)!.admin.resign();
  await until("others lead all of them", () => leaders().every((id) => id !== 0 && id !== busy));
});
