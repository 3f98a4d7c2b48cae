import { afterAll, beforeAll, expect, test } from "bun:test";
import { clusterConfig, tempDir, TestCluster } from "../runtime/testing/cluster.ts";
import { until } from "../runtime/testing/until.ts";
import { Client, connect, OperationFailedError, OutcomeUnknownError } from "./client.ts";
import { Runner } from "./runner.ts";

const TEST_MS = 60_000;
const dir = tempDir();
const cluster = new TestCluster(clusterConfig(3, dir.path, "disk"));
let db: Client;

const seeds = (ids: readonly number[]): string[] =>
  ids.map((id) => `127.0.0.1:${cluster.clientPort(id)}`);

beforeAll(async () => {
  cluster.startAll();
  db = await connect({ nodes: seeds([2]), timeoutMs: 30_000 });
}, TEST_MS);
afterAll(async () => {
  await db.close();
  await cluster.stopAll();
  expect(cluster.fatal).toEqual([]);
  dir.remove();
});

/** What a promise is rejected with. */
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => new Error(`no failure, but ${String(value)}`),
    (error: unknown) => error,
  );

test("client: one node of three is enough to find the others", () => {
  expect(db.cluster).toEqual({
    clusterId: "test",
    shards: 0,
    nodes: cluster.config.nodes.map(({ id, host, clientPort }) => ({ id, host, port: clientPort })),
  });
});

test("client: put, get, append and delete, with versions", async () => {
  expect(await db.get("a")).toBeNull();
  const first = await db.put("a", "hello");
  expect(await db.get("a")).toMatchObject({ key: "a", value: "hello", version: first });
  const second = await db.append("a", ", world");
  expect(second).toBeGreaterThan(first);
  expect(await db.get("a")).toMatchObject({ value: "hello, world", version: second });
  expect([await db.delete("a"), await db.delete("a"), await db.get("a")]).toEqual([
    true,
    false,
    null,
  ]);
});

test("client: keys and values may be any bytes, and are text only if they are UTF-8", async () => {
  const key = Uint8Array.of(0, 255, 10);
  const value = Uint8Array.of(0xc3, 0x28, 0);
  const sent = value.slice();
  const put = db.put(key, sent);
  sent.fill(7); // What is sent is what was given.
  await put;
  const entry = (await db.get(key))!;
  expect([entry.keyBytes, entry.valueBytes]).toEqual([key, value]);
  expect(() => entry.key).toThrow("the key is no UTF-8 text");
  expect(() => entry.value).toThrow("the value is no UTF-8 text");
});

test("client: putIf writes at its version only, and says which one the key has", async () => {
  const created = await db.putIf("b", "1", 0);
  expect(created.kind).toBe("written");
  expect(await db.putIf("b", "2", 0)).toEqual({ kind: "mismatch", version: created.version });
  expect((await db.putIf("b", "3", created.version)).kind).toBe("written");
  expect((await db.get("b"))?.value).toBe("3");
});

test("client: updates of one key by many at a time all count", async () => {
  const increment = (): Promise<number> =>
    db.update("counter", (entry) => String(Number(entry?.value ?? "0") + 1));
  await Promise.all(Array.from({ length: 12 }, increment));
  expect((await db.get("counter"))?.value).toBe("12");
});

test("client: a scan gives the keys in order, across pages, within its bounds", async () => {
  const names = Array.from({ length: 1_200 }, (_, i) => `s/${String(i).padStart(4, "0")}`);
  await Promise.all(names.map((name) => db.put(name, name)));
  await db.put("t", "");
  const keys = async (options: Parameters<Client["scan"]>[0]): Promise<string[]> =>
    Array.fromAsync(db.scan(options), ({ key }) => key);
  expect(await keys({ prefix: "s/" })).toEqual(names);
  expect(await keys({ prefix: "s/", limit: 3 })).toEqual(names.slice(0, 3));
  expect(await keys({ from: "s/1198", to: "t" })).toEqual(names.slice(1198));
  expect(await keys({ prefix: "s/", from: "s/1199" })).toEqual(names.slice(1199));
  expect(await keys({ prefix: "none" })).toEqual([]);
  expect(await keys({ prefix: "s/", limit: 0 })).toEqual([]);
  for await (const { key, value, version } of db.scan({ prefix: "s/" })) {
    expect([key, value, version > 0]).toEqual([names[0]!, names[0]!, true]);
    break;
  }
});

test("client: more operations than may be under way wait their turn", async () => {
  await using narrow = await connect({ nodes: seeds([1]), concurrency: 2, timeoutMs: 30_000 });
  await Promise.all(Array.from({ length: 100 }, () => narrow.append("n", "x")));
  expect((await narrow.get("n"))?.value).toBe("x".repeat(100));
});

test("client: a local read is answered, perhaps by a node that lags", async () => {
  await db.put("l", "1");
  const read = async (): Promise<string | null> =>
    (await db.get("l", { local: true }))?.value ?? null;
  await until("the write at that node", async () => ((await read()) === "1" ? true : null));
});

test("client: what cannot be a key, a value, a version or a limit fails before it is sent", async () => {
  const bad = [
    db.get(""),
    db.put("k".repeat(4097), ""),
    db.put("k", new Uint8Array((8 << 20) + 1)),
    db.putIf("k", "", -1),
    db.get("k", { timeoutMs: 0 }),
    db.scan({ limit: 1.5 }).next(),
  ];
  for (const promise of bad) {
    expect(await failure(promise)).toMatchObject({ code: "invalid", definite: true });
  }
});

test("client: an aborted operation ends at once, and says what is known of it", async () => {
  const early = AbortSignal.abort("enough");
  const error = await failure(db.put("k", "v", { signal: early }));
  expect(error).toBeInstanceOf(OperationFailedError);
  expect(error).toMatchObject({ code: "aborted", cause: "enough", definite: true });
  await db.put("k", "v"); // Its slot has a session from here on, so the write itself goes out.
  const abort = new AbortController();
  const write = failure(db.put("k", "w", { signal: abort.signal }));
  abort.abort();
  expect(await write).toBeInstanceOf(OutcomeUnknownError);
  expect(await write).toMatchObject({ code: "aborted", definite: false });
  const read = failure(db.get("k", { signal: AbortSignal.any([abort.signal]) }));
  expect(await read).toBeInstanceOf(OperationFailedError);
});

test("client: a closed one ends what is under way, and takes nothing more", async () => {
  const other = await connect({ nodes: seeds([1]), concurrency: 1, timeoutMs: 30_000 });
  await other.put("k", "v");
  const ends = [other.put("k", "1"), other.put("k", "2")].map(failure);
  await other.close();
  await other.close();
  const [running, waiting] = await Promise.all(ends);
  expect([running, waiting]).toMatchObject([{ definite: false }, { definite: true }]);
  expect(await failure(other.get("k"))).toMatchObject({ code: "closed", definite: true });
});

test("client: one whose cluster has other nodes by now finds them", async () => {
  const nodes = [{ id: 9, host: "127.0.0.1", port: 1 }];
  const address = { host: "127.0.0.1", port: cluster.clientPort(3) };
  const view = { clusterId: "test", shards: 0, nodes };
  const runner = new Runner({
    seeds: [address],
    view,
    slots: 4,
    timeoutMs: 30_000,
    credentials: null,
  });
  await using former = new Client(runner, 30_000);
  await former.put("found", "again");
  expect(former.cluster).toEqual(db.cluster);
});

test("connect: says of every node why it did not answer, and which addresses are none", async () => {
  const http = `127.0.0.1:${cluster.config.nodes[0]!.httpPort}`;
  const silent = await failure(connect({ nodes: ["127.0.0.1:1", http], timeoutMs: 300 }));
  expect(silent).toMatchObject({ name: "OperationFailedError", code: "unreachable" });
  for (const part of ["127.0.0.1:1: ", `${http}: `]) expect(String(silent)).toContain(part);
  const bad = await failure(connect({ nodes: ["nowhere", "h:70000"] }));
  expect(bad).toMatchObject({ code: "invalid", message: 'no "host:port": "nowhere", "h:70000"' });
  expect(await failure(connect({ nodes: [] }))).toMatchObject({ code: "invalid" });
  const early = { nodes: seeds([1]), signal: AbortSignal.abort() };
  expect(await failure(connect(early))).toMatchObject({ code: "aborted" });
});

test(
  "client: goes on when the leader goes, and every write of it counts once",
  async () => {
    const leader = await cluster.leader();
    const writes = Array.from({ length: 40 }, (_, i) => db.append("log", `${i},`));
    await cluster.stop(leader);
    await Promise.all(writes);
    await db.append("log", "end");
    const parts = (await db.get("log"))!.value.split(",");
    expect(parts.sort()).toEqual(
      [...Array.from({ length: 40 }, (_, i) => String(i)), "end"].sort(),
    );
    cluster.start(leader);
  },
  TEST_MS,
);

test(
  "client: without a majority a write fails or is unknown in time, and a local read goes on",
  async () => {
    const leader = await cluster.leader();
    const others = [1, 2, 3].filter((id) => id !== leader);
    for (const id of others) await cluster.stop(id);
    const error = await failure(db.put("m", "1", { timeoutMs: 600 }));
    expect(error).toMatchObject({ code: "timeout" });
    expect(String(error)).toContain("of 3 nodes connected");
    expect(await failure(db.get("m", { timeoutMs: 300 }))).toMatchObject({ definite: true });
    expect((await db.get("counter", { local: true }))?.value).toBe("12");
    for (const id of others) cluster.start(id);
    await db.put("m", "2");
    expect((await db.get("m"))?.value).toBe("2");
  },
  TEST_MS,
);
