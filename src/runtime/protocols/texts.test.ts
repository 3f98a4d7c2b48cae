import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { Prng } from "../../lib/prng.ts";
import { clusterConfig, TestCluster } from "../testing/cluster.ts";
import { type TextClient, textClient } from "../testing/text-client.ts";
import { until } from "../testing/until.ts";
import { PIPELINE_MAX } from "./pipeline.ts";

setDefaultTimeout(60_000);

const cluster = new TestCluster(clusterConfig(3, "unused", "memory"));
let leader = 0;
let follower = 0;
beforeAll(async () => {
  cluster.startAll();
  leader = await cluster.leader();
  follower = leader === 3 ? 2 : 3;
});
afterAll(async () => {
  await cluster.stopAll();
  expect(cluster.fatal).toEqual([]);
});

/** What one connection to a node gets for `text`, its end included. */
async function say(node: number, text: string | Uint8Array): Promise<string> {
  const client = await textClient(cluster.clientPort(node));
  client.send(text);
  client.end();
  await until("the node closes", () => client.isClosed);
  return client.text;
}

const open = (node: number): Promise<TextClient> => textClient(cluster.clientPort(node));
const bulk = (...args: readonly string[]): string =>
  `*${args.length}\r\n${args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`).join("")}`;

test("resp: each command answers as Redis does, on the leader and on a follower", async () => {
  for (const node of [leader, follower]) {
    const k = `n${node}`;
    const session = [
      [`GET ${k}`, "$-1"],
      [`SET ${k} "a b"`, "+OK"],
      [`GET ${k}`, "$3\r\na b"],
      [`SET ${k} x NX`, "$-1"],
      [`SETNX ${k} x`, ":0"],
      [`SET ${k} y XX`, "+OK"],
      [`SET ${k}-none y XX`, "$-1"],
      [`SET ${k}-new z nx`, "+OK"],
      [`SETNX ${k}-newer z`, ":1"],
      [`STRLEN ${k}`, ":1"],
      [`STRLEN ${k}-none`, ":0"],
      [`APPEND ${k} zz`, ":3"],
      [`APPEND ${k}-app zz`, ":2"],
      [`EXISTS ${k}`, ":1"],
      [`EXISTS ${k} ${k} ${k}-none`, ":2"],
      [`INCR ${k}-i`, ":1"],
      [`INCRBY ${k}-i 41`, ":42"],
      [`DECR ${k}-i`, ":41"],
      [`DECRBY ${k}-i 50`, ":-9"],
      [`INCR ${k}`, "-ERR value is not an integer or out of range"],
      [`INCRBY ${k}-i x`, "-ERR value is not an integer or out of range"],
      [`MSET ${k}-a 1 ${k}-b 2 ${k}-a 3`, "+OK"],
      [`MGET ${k}-a ${k}-none ${k}-b`, "*3\r\n$1\r\n3\r\n$-1\r\n$1\r\n2"],
      [`DEL ${k}-a ${k}-b ${k}-none`, ":2"],
      [`DEL ${k}-a`, ":0"],
      [`UNLINK ${k}-i`, ":1"],
      ["PING", "+PONG"],
      ["PING hello", "$5\r\nhello"],
      ["ECHO hello", "$5\r\nhello"],
      ["SELECT 0", "+OK"],
      ["CLIENT SETNAME me", "+OK"],
      ["CLIENT GETNAME", "$2\r\nme"],
      ["CONFIG GET save", "*2\r\n$4\r\nsave\r\n$0\r\n"],
      [
        "COMMAND INFO get nope",
        "*2\r\n*6\r\n$3\r\nget\r\n:2\r\n*1\r\n+readonly\r\n:1\r\n:1\r\n:1\r\n*-1",
      ],
      ["QUIT", "+OK"],
    ] as const;
    const text = await say(node, session.map(([command]) => `${command}\r\n`).join(""));
    expect(text).toBe(session.map(([, answer]) => `${answer}\r\n`).join(""));
  }
});

test("resp: what is not there is refused by name, with the reason", async () => {
  const cases = [
    ["SETEX k 10 v", "-ERR SETEX is not supported: keys of this store do not expire"],
    ["SET k v EX 10", "-ERR SET with EX is not supported: keys of this store do not expire"],
    ["SET k v PX 10 NX", "-ERR SET with PX is not supported: keys of this store do not expire"],
    ["SET k v GET", "-ERR SET with GET is not supported"],
    ["SET k v NX XX", "-ERR syntax error: NX and XX exclude each other"],
    ["SET k v what", "-ERR syntax error"],
    ["EXPIRE k 1", "-ERR EXPIRE is not supported: keys of this store do not expire"],
    [
      "MULTI",
      "-ERR MULTI is not supported: this store has no transactions; MSET and MGET are not atomic either",
    ],
    ["KEYS *", "-ERR KEYS is not supported: use SCAN, which does not stop the server"],
    ["SELECT 1", "-ERR DB index is out of range: there is one database, 0"],
    ["HGETALL k", "-ERR unknown command 'hgetall'"],
    ["GET", "-ERR wrong number of arguments for 'get' command"],
    ["MSET a 1 b", "-ERR wrong number of arguments for 'mset' command"],
    ['GET ""', "-ERR key of 0 bytes, it must be 1 to 4096"],
    [`GET ${"k".repeat(4097)}`, "-ERR key of 4097 bytes, it must be 1 to 4096"],
    ["HELLO 4", "-NOPROTO unsupported protocol version"],
    ["SCAN 77", "-ERR invalid cursor: it is none of this node, or too old; begin with 0"],
    ["SCAN 0 COUNT 0", "-ERR syntax error"],
    ["CONFIG SET save x", "-ERR CONFIG SET is not supported: see docs/operations.md"],
  ] as const;
  const text = await say(leader, cases.map(([command]) => `${command}\r\n`).join(""));
  expect(text.split("\r\n").slice(0, -1)).toEqual(cases.map(([, answer]) => answer));
});

test("resp: HELLO 3 changes how null and maps are written, from there on", async () => {
  const text = await say(
    leader,
    "GET none\r\nHELLO 3\r\nGET none\r\nCONFIG GET save\r\nHELLO 2\r\nGET none\r\n",
  );
  expect(text).toStartWith("$-1\r\n%8\r\n$6\r\nserver\r\n$5\r\nredis\r\n");
  expect(text).toContain("$5\r\nproto\r\n:3\r\n");
  expect(text).toContain("\r\n*0\r\n_\r\n%1\r\n$4\r\nsave\r\n$0\r\n\r\n*16\r\n");
  expect(text).toEndWith("\r\n$-1\r\n");
});

test("resp: SCAN gives every key once, page by page, and those of a pattern alone", async () => {
  const client = await open(follower);
  client.send(`MSET ${Array.from({ length: 25 }, (_, i) => `scan:${i} v`).join(" ")} other v\r\n`);
  expect(await client.lines(1)).toBe("+OK\r\n");
  const found: string[] = [];
  let cursor = "0";
  do {
    client.send(`SCAN ${cursor} MATCH scan:* COUNT 10\r\n`);
    await client.lines(2);
    cursor = (await client.lines(1)).trim();
    const count = Number((await client.lines(1)).slice(1));
    const page = (await client.lines(2 * count)).split("\r\n").filter((_, i) => i % 2 === 1);
    found.push(...page);
  } while (cursor !== "0");
  expect(found.sort()).toEqual(Array.from({ length: 25 }, (_, i) => `scan:${i}`).sort());
  client.close();
});

test("resp: a pipeline takes effect in order, however reads and writes follow each other", async () => {
  for (const node of [leader, follower]) {
    const prng = new Prng(node);
    const commands: string[] = [];
    const expected: string[] = [];
    const values = new Map<string, number>();
    for (let i = 0; i < 300; i++) {
      const key = `order${node}-${prng.below(3)}`;
      const before = values.get(key);
      if (prng.chance(0.5)) {
        commands.push(bulk("GET", key));
        expected.push(before === undefined ? "$-1\r\n" : `$${`${before}`.length}\r\n${before}\r\n`);
      } else if (prng.chance(0.5)) {
        commands.push(bulk("SET", key, `${i}`));
        expected.push("+OK\r\n");
        values.set(key, i);
      } else {
        commands.push(bulk("INCR", key));
        expected.push(`:${(before ?? 0) + 1}\r\n`);
        values.set(key, (before ?? 0) + 1);
      }
    }
    expect(await say(node, commands.join(""))).toBe(expected.join(""));
  }
});

test("resp: increments of many connections to all nodes are all counted", async () => {
  const clients = await Promise.all([1, 2, 3, 1, 2, 3].map(open));
  for (const client of clients) client.send(bulk("INCR", "counter").repeat(50));
  const answers = await Promise.all(clients.map((client) => client.lines(50)));
  const numbers = answers
    .join("")
    .trim()
    .split("\r\n")
    .map((line) => Number(line.slice(1)));
  expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, i) => i + 1));
  for (const client of clients) client.close();
});

test("resp: what is no RESP is answered in its turn, then the connection ends", async () => {
  expect(await say(leader, `${bulk("SET", "p", "1")}${bulk("GET", "p")}*1\r\n:3\r\n`)).toBe(
    "+OK\r\n$1\r\n1\r\n-ERR Protocol error: expected '$', got ':'\r\n",
  );
  expect(await say(leader, "*1\r\n$99999999\r\n")).toBe(
    "-ERR Protocol error: invalid bulk length: 99999999 bytes, the limit is 8388608\r\n",
  );
  expect(await say(leader, "POST / HTTP/1.1\r\nHost: x\r\n\r\nSET a 1\r\n")).toBe(
    "-ERR this is no HTTP port\r\n",
  );
});

test("resp: more commands than a pipeline holds are all answered, in order", async () => {
  const count = 3 * PIPELINE_MAX;
  const commands = Array.from({ length: count }, (_, i) => bulk("ECHO", `${i}`)).join("");
  const text = await say(leader, `${bulk("SET", "many", "1")}${commands}${bulk("GET", "many")}`);
  const echoed = text.split("\r\n").filter((_, i) => i % 2 === 0);
  expect(echoed.slice(1, count + 1)).toEqual(Array.from({ length: count }, (_, i) => `${i}`));
  expect(text).toEndWith("$1\r\n1\r\n");
});

test("resp: a client that does not read is not served on until it does, and keeps nobody else", async () => {
  const value = "v".repeat(200_000);
  const client = await open(leader);
  client.send(bulk("SET", "large", value));
  await client.lines(1);
  client.pause();
  const gets = 600;
  client.send(bulk("GET", "large").repeat(gets));
  expect(await say(leader, "PING\r\n")).toBe("+PONG\r\n");
  client.resume();
  await client.lines(1); // The length; from here on it is served.
  const answer = `$${value.length}\r\n${value}\r\n`;
  const whole = "+OK\r\n".length + gets * answer.length;
  await until("all are answered", () => client.text.length >= whole);
  expect(client.text).toBe(`+OK\r\n${answer.repeat(gets)}`);
  client.close();
});

test("json: each op answers with a line, on the leader and on a follower", async () => {
  for (const node of [leader, follower]) {
    const key = `j${node}`;
    const lines = [
      { op: "get", key },
      { op: "put", key, value: "1", id: 1 },
      { op: "put", key, value: "2", expected: 7 },
      { op: "put", key, value: "2", expected: 1 },
      { op: "append", key, value: "0" },
      { op: "incr", key, by: 2 },
      { op: "get", key },
      { op: "scan", prefix: key },
      { op: "delete", key },
      { op: "get", key64: "/w==" },
      { op: "ping", id: "p" },
      { op: "put", key },
    ];
    const text = await say(node, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    const answers = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { index?: number });
    for (const answer of answers) delete answer.index;
    const absent = { code: "notFound", definite: true, message: "the key is absent" };
    expect(answers as unknown[]).toEqual([
      { ok: false, error: absent },
      { id: 1, ok: true, version: 1 },
      {
        ok: false,
        error: {
          ...{ code: "versionMismatch", definite: true, version: 1 },
          message: "the key's version is not the expected one, but the one in version",
        },
      },
      { ok: true, version: 2 },
      { ok: true, length: 2, version: 3 },
      { ok: true, value: "22", version: 4 },
      { ok: true, value: "22", version: 4 },
      { ok: true, entries: [{ key, value: "22", version: 4 }], next: null },
      { ok: true, version: 0 },
      { ok: false, error: absent },
      { id: "p", ok: true },
      { ok: false, error: { code: "badRequest", definite: true, message: '"value" is missing' } },
    ]);
  }
});

test("text: a connection that says nothing, or half a command, is ended with it", async () => {
  for (const text of ["", "*", "{", "*2\r\n$3\r\nGET\r\n", '{"op":']) {
    expect(await say(leader, text)).toBe("");
  }
});
