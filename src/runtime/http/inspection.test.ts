import { afterAll, beforeAll, expect, test } from "bun:test";
import { clusterConfig, shardedConfig, TestCluster } from "../testing/cluster.ts";
import { ShardClient } from "../testing/shard-client.ts";
import { until } from "../testing/until.ts";

let cluster: TestCluster;
let sharded: TestCluster;
beforeAll(async () => {
  cluster = new TestCluster(clusterConfig(3, "unused", "memory")).startAll();
  const shape = { shards: 8, groups: 2, replicas: 1 };
  sharded = new TestCluster(shardedConfig(1, "unused", "memory", shape)).startAll();
  const leader = await cluster.leader();
  for (const key of ["b", "a/1", "a/2", "a/3", "ä"]) {
    const url = `${cluster.url(leader)}/kv/${encodeURIComponent(key)}`;
    expect((await fetch(url, { method: "PUT", body: `is ${key}` })).status).toBe(200);
  }
});
afterAll(async () => {
  await cluster.stopAll();
  await sharded.stopAll();
});

type Page = {
  readonly index: number;
  readonly entries: readonly { readonly key?: string; readonly value?: string }[];
  readonly next: string | null;
};
type Tail = {
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly entries: readonly {
    readonly index: number;
    readonly term: number;
    readonly kind: string;
    readonly command?: Readonly<Record<string, unknown>>;
  }[];
  readonly next: number | null;
};

const ask = async <T>(id: number, path: string): Promise<T> => {
  const response = await fetch(`${cluster.url(id)}${path}`);
  expect(response.status).toBe(200);
  return (await response.json()) as T;
};

test("inspection: keys come in order, a page at a time, and each once", async () => {
  const keys: string[] = [];
  let cursor = "";
  do {
    // A follower sends us on to the leader.
    const path: string = `/kv?limit=2${cursor && `&cursor=${cursor}`}`;
    const page: Page = await ask<Page>(2, path);
    expect(page.entries.length).toBeLessThanOrEqual(2);
    keys.push(...page.entries.map(({ key = "" }) => key));
    cursor = page.next ?? "";
  } while (cursor !== "");
  expect(keys).toEqual(["a/1", "a/2", "a/3", "b", "ä"]);
  const some = await ask<Page>(await cluster.leader(), "/kv?prefix=a/&limit=2");
  expect(some.entries).toMatchObject([
    { key: "a/1", value: "is a/1", version: 1 },
    { key: "a/2", value: "is a/2", version: 1 },
  ]);
  const rest = await ask<Page>(await cluster.leader(), `/kv?prefix=a/&cursor=${some.next}`);
  expect(rest).toMatchObject({ entries: [{ key: "a/3" }], next: null });
});

test("inspection: a follower shows its own store", async () => {
  const follower = (await cluster.leader()) === 1 ? 2 : 1;
  await until("the follower to have applied all", async () => {
    const url = `${cluster.url(follower)}/kv?prefix=a&local=true`;
    const response = await fetch(url, { redirect: "manual" });
    expect(response.status).toBe(200);
    return ((await response.json()) as Page).entries.length === 3;
  });
});

test("inspection: bytes that are no text come in base64", async () => {
  const body = Uint8Array.of(0xff, 0xfe, 0);
  const url = `${cluster.url(await cluster.leader())}/kv/z`;
  expect((await fetch(url, { method: "PUT", body })).status).toBe(200);
  const page = await ask<Page>(await cluster.leader(), "/kv?prefix=z");
  expect(page.entries).toEqual([{ key: "z", valueBase64: "//4A", version: 1 } as never]);
});

test("inspection: the log, decoded, from an index on and from its end", async () => {
  const leader = await cluster.leader();
  const all = await ask<Tail>(leader, "/log?from=1&limit=1000");
  expect(all).toMatchObject({ firstIndex: 1, next: null });
  expect(all.entries.map(({ index }) => index)).toEqual(
    Array.from({ length: all.lastIndex }, (_, i) => i + 1),
  );
  expect(all.entries[0]).toMatchObject({ index: 1, kind: "noop" });
  const put = all.entries.find(({ command }) => command?.["key"] === "a/1");
  expect(put).toMatchObject({ kind: "command", command: { op: "put", value: "is a/1" } });

  const page = await ask<Tail>(leader, "/log?from=2&limit=2");
  expect(page.entries.map(({ index }) => index)).toEqual([2, 3]);
  expect(page.next).toBe(4);
  const tail = await ask<Tail>(leader, "/log?limit=2");
  expect(tail.entries.map(({ index }) => index)).toEqual([tail.lastIndex - 1, tail.lastIndex]);
  expect(await ask<Tail>(leader, "/log?from=999999")).toMatchObject({ entries: [], next: null });
});

test("inspection: what a snapshot stands for is not in the log, and the hard state tells of it", async () => {
  const alone = new TestCluster(clusterConfig(1, "unused", "memory"));
  const raft = { electionTimeoutMinMs: 20, heartbeatIntervalMs: 10, snapshotEveryBytes: 4096 };
  alone.start(1, { config: { ...alone.config, raft } });
  try {
    await alone.leader();
    const url = alone.url(1);
    for (let i = 0; i < 4; i++) {
      await fetch(`${url}/kv/big`, { method: "PUT", body: "x".repeat(8192) });
    }
    await fetch(`${url}/admin/snapshot`, { method: "POST" });
    const state = (await (await fetch(`${url}/hard-state`)).json()) as {
      readonly votedFor: number;
      readonly snapshot: { readonly meta: { readonly lastIndex: number } };
    };
    expect(state.votedFor).toBe(1);
    expect(state.snapshot.meta.lastIndex).toBeGreaterThan(0);
    const log = (await (await fetch(`${url}/log?from=1`)).json()) as Tail;
    expect(log.firstIndex).toBeGreaterThan(1);
    expect(log.entries.map(({ index }) => index)).toEqual(
      Array.from({ length: log.lastIndex - log.firstIndex + 1 }, (_, i) => log.firstIndex + i),
    );
    for (const { command } of log.entries) {
      if (command?.["op"] === "put") expect(command).toMatchObject({ valueBytes: 8192 });
    }
  } finally {
    await alone.stopAll();
  }
});

test("inspection: all problems of a query are told at once", async () => {
  const response = await fetch(`${cluster.url(1)}/kv?limit=5000&local=perhaps&colour=red`);
  expect(response.status).toBe(400);
  const { problems, error } = (await response.json()) as {
    readonly error: string;
    readonly problems: readonly { readonly where: string }[];
  };
  expect(problems.map(({ where }) => where).sort()).toEqual(["colour", "limit", "local"]);
  for (const word of ["limit", "local", "colour"]) expect(error).toContain(word);
  expect((await fetch(`${cluster.url(1)}/log?from=-1`)).status).toBe(400);
  expect((await fetch(`${cluster.url(1)}/kv/a?local=perhaps`)).status).toBe(400);
});

test("inspection: a sharded node shows what all its groups hold, in one order, each key once", async () => {
  await sharded.leader();
  const client = new ShardClient(sharded.config, 1);
  const keys = Array.from({ length: 40 }, (_, i) => `k${String(i).padStart(2, "0")}`);
  try {
    const groups = [2, 3].map((id) => ({ id, nodes: [1] }));
    await client.change({ kind: "join", groups }, (await client.query()).num);
    for (const key of keys) expect((await client.put(key, `is ${key}`)).isOk).toBe(true);
  } finally {
    client.stop();
  }
  for (const limit of [1, 7, 100]) {
    const found: string[] = [];
    const groups = new Set<unknown>();
    let cursor = "";
    do {
      const search = `limit=${limit}${cursor && `&cursor=${cursor}`}`;
      const response = await fetch(`${sharded.url(1)}/kv?prefix=k&local=true&${search}`);
      const page = (await response.json()) as Page & {
        readonly entries: readonly { readonly group: number }[];
      };
      expect(page.entries.length).toBeLessThanOrEqual(limit);
      for (const { key = "", value, group } of page.entries) {
        expect(value).toBe(`is ${key}`);
        found.push(key);
        groups.add(group);
      }
      cursor = page.next ?? "";
    } while (cursor !== "");
    expect(found).toEqual(keys);
    expect(groups).toEqual(new Set([2, 3]));
  }
});

test("inspection: a sharded cluster has no order of all keys, but the log of each group", async () => {
  const page = await fetch(`${sharded.url(1)}/kv`);
  expect(page.status).toBe(400);
  expect(await page.text()).toContain("local=true");
  for (const [group, status] of [
    [1, 200],
    [3, 200],
    [4, 421],
  ]) {
    expect((await fetch(`${sharded.url(1)}/log?group=${group}`)).status).toBe(status!);
  }
});
