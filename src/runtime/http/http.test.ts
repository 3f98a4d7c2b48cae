import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { KEY_BYTES_MAX, VALUE_BYTES_MAX } from "../../kv/command.ts";
import { clusterConfig, TestCluster } from "../testing/cluster.ts";

let cluster: TestCluster;
let alone: TestCluster;
let leader = 0;
let follower = 0;
beforeAll(async () => {
  cluster = new TestCluster(clusterConfig(3, "unused", "memory")).startAll();
  alone = new TestCluster(clusterConfig(3, "unused", "memory"));
  alone.start(1);
});
beforeEach(async () => {
  leader = await cluster.leader();
  follower = leader === 1 ? 2 : 1;
});
afterAll(async () => {
  await cluster.stopAll();
  await alone.stopAll();
});

const kv = (key: string, init?: RequestInit): Promise<Response> =>
  fetch(`${cluster.url(leader)}/kv/${key}`, init);
const put = (key: string, body: string, headers: Record<string, string> = {}): Promise<Response> =>
  kv(key, { method: "PUT", body, headers });

type ErrorBody = { error: string; definite: boolean; fix: string; version?: number };
const errorOf = async (response: Response): Promise<ErrorBody> =>
  (await response.json()) as ErrorBody;

test("http: put, get, append and delete, with the version in every reply", async () => {
  const created = await put("colour", "red");
  expect(created.status).toBe(200);
  expect(created.headers.get("ETag")).toBe('"1"');
  expect(await created.json()).toMatchObject({ version: 1 });

  const read = await kv("colour");
  expect([read.status, await read.text()]).toEqual([200, "red"]);
  expect(read.headers.get("ETag")).toBe('"1"');
  expect(read.headers.get("X-Ordeal-Version")).toBe("1");
  expect(read.headers.get("Content-Type")).toBe("application/octet-stream");

  const appended = await kv("colour", { method: "POST", body: "dish" });
  expect(await appended.json()).toMatchObject({ version: 2 });
  expect(await (await kv("colour")).text()).toBe("reddish");

  expect((await kv("colour", { method: "DELETE" })).status).toBe(200);
  const gone = await kv("colour");
  expect(gone.status).toBe(404);
  expect(await errorOf(gone)).toMatchObject({ definite: true, fix: "put the key first" });
  expect((await kv("colour", { method: "DELETE" })).status).toBe(404);
});

test("http: bytes of any kind come back as they were", async () => {
  const body = Uint8Array.from({ length: 1000 }, (_, i) => i % 256);
  expect((await kv("bytes", { method: "PUT", body })).status).toBe(200);
  expect(new Uint8Array(await (await kv("bytes")).arrayBuffer())).toEqual(body);
  expect((await kv("bytes", { method: "PUT", body: "" })).status).toBe(200);
  expect(await (await kv("bytes")).text()).toBe("");
});

test("http: If-Match puts at that version only, else 412 with the current one", async () => {
  await put("v", "one");
  expect((await put("v", "two", { "If-Match": '"1"' })).status).toBe(200);
  const refused = await put("v", "three", { "If-Match": '"1"' });
  expect(refused.status).toBe(412);
  expect(refused.headers.get("ETag")).toBe('"2"');
  expect(await errorOf(refused)).toMatchObject({ definite: true, version: 2 });
  expect(await (await kv("v")).text()).toBe("two");
});

test("http: If-None-Match: * puts only a key that is absent", async () => {
  expect((await put("new", "a", { "If-None-Match": "*" })).status).toBe(200);
  const refused = await put("new", "b", { "If-None-Match": "*" });
  expect([refused.status, (await errorOf(refused)).version]).toEqual([412, 1]);
});

test("http: conditions that make no sense are refused, and nothing is put", async () => {
  for (const headers of [
    { "If-Match": "7" },
    { "If-Match": "*" },
    { "If-Match": '"0"' },
    { "If-Match": '"99999999999999999999"' },
    { "If-None-Match": '"7"' },
    { "If-Match": '"1"', "If-None-Match": "*" },
  ]) {
    const response = await put("nonsense", "x", headers as Record<string, string>);
    expect(response.status).toBe(400);
    expect(await errorOf(response)).toMatchObject({ definite: true });
  }
  expect((await kv("nonsense")).status).toBe(404);
});

test("http: keys with slashes, spaces, percent signs and other scripts keep apart", async () => {
  const keys = ["a/b", "a%2Fb", "a b", "a+b", "100%", "ключ", "?q=1", "#"];
  for (const key of keys) expect((await put(encodeURIComponent(key), key)).status).toBe(200);
  for (const key of keys) expect(await (await kv(encodeURIComponent(key))).text()).toBe(key);
});

test("http: a value or a key beyond its limit is refused", async () => {
  const value = await put("big", "x".repeat(VALUE_BYTES_MAX + 1));
  expect(value.status).toBe(413);
  expect((await errorOf(value)).error).toContain(String(VALUE_BYTES_MAX));
  const chunks = new ReadableStream({
    start(controller) {
      for (let i = 0; i < 9; i++) controller.enqueue(new Uint8Array(1 << 20));
      controller.close();
    },
  });
  expect((await kv("big", { method: "PUT", body: chunks })).status).toBe(413);
  const key = await put("k".repeat(KEY_BYTES_MAX + 1), "x");
  expect(key.status).toBe(400);
  expect((await errorOf(key)).error).toContain(String(KEY_BYTES_MAX));
  expect((await kv("big")).status).toBe(404);
});

test("http: a value of the greatest size goes through", async () => {
  const body = new Uint8Array(VALUE_BYTES_MAX).fill(7);
  // A pause of this process that costs the leader its place while it works on it is no failure.
  for (let tries = 1; ; tries++) {
    const { status } = await kv("greatest", { method: "PUT", body });
    if (status === 200) break;
    expect([503, 504]).toContain(status);
    expect(tries).toBeLessThan(10);
    leader = await cluster.leader();
  }
  expect((await (await kv("greatest")).bytes()).length).toBe(VALUE_BYTES_MAX);
});

test("http: a follower redirects to the same path of the leader, and clients follow", async () => {
  const url = `${cluster.url(follower)}/kv/a%2Fb%20c?x=1`;
  const redirect = await fetch(url, { method: "PUT", body: "there", redirect: "manual" });
  expect(redirect.status).toBe(307);
  expect(redirect.headers.get("Location")).toBe(`${cluster.url(leader)}/kv/a%2Fb%20c?x=1`);
  expect((await fetch(url, { method: "PUT", body: "there" })).status).toBe(200);
  expect(await (await fetch(url)).text()).toBe("there");
});

test("http: a follower answers a local get itself", async () => {
  expect((await put("near", "here")).status).toBe(200);
  const url = `${cluster.url(follower)}/kv/near?local=true`;
  for (;;) {
    const response = await fetch(url, { redirect: "manual" });
    expect([200, 404]).toContain(response.status);
    if (response.status === 200) {
      expect(await response.text()).toBe("here");
      return;
    }
  }
});

test("http: a node without a leader says so, with when to try again", async () => {
  for (const path of ["/kv/k", "/healthz"]) {
    const response = await fetch(`${alone.url(1)}${path}`);
    expect(response.status).toBe(503);
    expect(response.headers.get("Retry-After")).toBe("1");
    expect(await errorOf(response)).toMatchObject({ definite: true });
  }
});

test("http: /status and /healthz tell of the node", async () => {
  const status = await (await fetch(`${cluster.url(follower)}/status`)).json();
  const { peerPort, clientPort, httpPort } = cluster.config.nodes[follower - 1]!;
  expect(status).toMatchObject({
    id: follower,
    pid: process.pid,
    clusterId: "test",
    role: "follower",
    leaderId: leader,
    storage: "memory",
    peerPort,
    clientPort,
    httpPort,
  });
  for (const field of ["term", "commitIndex", "appliedIndex", "lastIndex", "rssBytes"]) {
    expect(Number((status as Record<string, unknown>)[field])).toBeGreaterThan(0);
  }
  expect((await fetch(`${cluster.url(follower)}/healthz`)).status).toBe(200);
});

test("http: an unknown path is a JSON error", async () => {
  const response = await fetch(`${cluster.url(leader)}/nothing`);
  expect(response.status).toBe(404);
  expect(await errorOf(response)).toMatchObject({ definite: true });
});
