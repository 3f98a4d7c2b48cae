import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { clusterConfig, shardedConfig, TestCluster } from "../testing/cluster.ts";
import { ShardClient } from "../testing/shard-client.ts";
import { type TextClient, textClient } from "../testing/text-client.ts";
import { until } from "../testing/until.ts";

setDefaultTimeout(60_000);

const ended: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

function startCluster(config: TestCluster["config"]): TestCluster {
  const cluster = new TestCluster(config).startAll();
  ended.push(async () => {
    await cluster.stopAll();
    expect(cluster.fatal).toEqual([]);
  });
  return cluster;
}

async function open(cluster: TestCluster, node: number): Promise<TextClient> {
  const client = await textClient(cluster.clientPort(node));
  ended.push(() => client.close());
  return client;
}

test("resp: while leaders change, each answer says what happened, and nothing is counted twice", async () => {
  const cluster = startCluster(clusterConfig(3, "unused", "memory"));
  const first = await cluster.leader();
  const [asked, other] = [1, 2, 3].filter((id) => id !== first) as [number, number];
  const client = await open(cluster, asked);
  const answers: string[] = [];
  const ask = async (times: number): Promise<void> => {
    client.send("INCR n\r\n".repeat(times));
    for (let i = 0; i < times; i++) answers.push((await client.lines(1)).trim());
  };
  await ask(20);
  const transferred = new Promise<string>((resolve) => {
    cluster.nodes.get(first)!.admin.transfer(1, other, ({ outcome }) => resolve(outcome));
  });
  await ask(100);
  expect(await transferred).toBe("done");
  await ask(100);
  const known = answers.filter((answer) => answer.startsWith(":"));
  const open_ = answers.filter((answer) => answer.startsWith("-UNKNOWN"));
  const refused = answers.filter((answer) => answer.startsWith("-OVERLOADED"));
  expect(known.length + open_.length + refused.length).toBe(220);
  const numbers = known.map((answer) => Number(answer.slice(1)));
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  expect(new Set(numbers).size).toBe(numbers.length);
  const last = numbers.at(-1)!;
  expect(last).toBeGreaterThanOrEqual(known.length);
  expect(last).toBeLessThanOrEqual(known.length + open_.length);
});

test("resp and json: without a majority a write ends as unknown, and a node without a leader says so", async () => {
  const cluster = startCluster(clusterConfig(3, "unused", "memory"));
  const leader = await cluster.leader();
  const [gone, left] = [1, 2, 3].filter((id) => id !== leader) as [number, number];
  const client = await open(cluster, leader);
  client.send("SET k 1\r\n");
  expect(await client.lines(1)).toBe("+OK\r\n");
  await cluster.stop(gone);
  await cluster.stop(left);
  client.send("SET k 2\r\nSET k 3\r\n");
  // What the leader had in its log when it gave up may yet be committed; it will never say.
  expect(await client.lines(1)).toStartWith("-UNKNOWN outcome: ");
  const reader = await open(cluster, leader);
  reader.send("GET k\r\n");
  const json = await open(cluster, leader);
  json.send('{"op":"put","key":"k","value":"4"}\n');
  expect(await client.lines(1)).toMatch(/^-(UNKNOWN outcome|CLUSTERDOWN no leader is known)/);
  expect(await reader.lines(1)).toMatch(/^-(TIMEOUT|CLUSTERDOWN) /);
  const answer = JSON.parse(await json.lines(1)) as { error: object };
  expect(answer.error).toMatchObject({ code: "notLeader", definite: true, leader: null });
  const local = '{"op":"get","key":"k","local":true}\n';
  json.send(local);
  expect(JSON.parse(await json.lines(1))).toMatchObject({ ok: true, value: "1" });
});

test("resp: when the leader ends, the others answer on", async () => {
  const cluster = startCluster(clusterConfig(3, "unused", "memory"));
  const leader = await cluster.leader();
  const client = await open(cluster, leader === 3 ? 2 : 3);
  client.send("SET k 1\r\n");
  expect(await client.lines(1)).toBe("+OK\r\n");
  await cluster.stop(leader);
  // The second one may reach a node that has not missed its leader yet, and is then looked after.
  const answered = await until("a write is taken", async () => {
    client.send("SET k 2\r\n");
    const answer = await client.lines(1);
    expect(answer).toMatch(/^(\+OK|-UNKNOWN|-CLUSTERDOWN)/);
    return answer.startsWith("+OK");
  });
  expect(answered).toBe(true);
  client.send("GET k\r\n");
  expect(await client.lines(2)).toBe("$1\r\n2\r\n");
});

test("resp: a sharded cluster answers for every key on every node; keys of several groups cross slots", async () => {
  const config = shardedConfig(3, "unused", "memory", { shards: 8, groups: 2, replicas: 2 });
  const cluster = startCluster(config);
  const admin = new ShardClient(config, 1);
  ended.push(() => admin.stop());
  const groups = [2, 3].map((id) => ({ id, nodes: config.sharding!.groups[id]! }));
  await admin.change({ kind: "join", groups }, (await admin.query()).num);
  const keys = Array.from({ length: 24 }, (_, i) => `key${i}`);
  for (const node of [1, 2, 3]) {
    const client = await open(cluster, node);
    client.send(keys.map((key) => `SET ${key} ${node}-${key}\r\n`).join(""));
    expect(await client.lines(keys.length)).toBe("+OK\r\n".repeat(keys.length));
    client.send(keys.map((key) => `STRLEN ${key}\r\n`).join(""));
    expect(await client.lines(keys.length)).toBe(
      keys.map((key) => `:${key.length + 2}\r\n`).join(""),
    );
    client.send(`MGET ${keys.join(" ")}\r\nMSET ${keys.map((key) => `${key} v`).join(" ")}\r\n`);
    expect(await client.lines(2)).toBe(
      "-CROSSSLOT the keys are not all of one group of shards\r\n".repeat(2),
    );
    client.send("MSET key1 a key1 b\r\nMGET key1 key1\r\nDEL key1 key1\r\nSCAN 0\r\n");
    expect(await client.lines(8)).toBe(
      "+OK\r\n*2\r\n$1\r\nb\r\n$1\r\nb\r\n:1\r\n-ERR SCAN is not supported: a sharded cluster has no scans\r\n",
    );
  }
});
