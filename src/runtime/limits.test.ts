import { expect, test } from "bun:test";
import { connect as connectSocket, type Socket } from "node:net";
import { join } from "node:path";
import { connect } from "../connect/client.ts";
import { OP_GET, OP_PUT } from "../kv/command.ts";
import { oneNode } from "./testing/one-node.ts";
import { ask, get, put } from "./testing/binary-client.ts";
import { rawClient } from "./testing/raw-client.ts";
import { textClient } from "./testing/text-client.ts";
import { until } from "./testing/until.ts";
import { readAuthReply } from "../wire/auth.ts";
import { beginFrame, endFrame } from "../wire/frame.ts";
import { KIND } from "../wire/kinds.ts";
import { ByteWriter } from "../wire/bytes.ts";

const CONNECTIONS_MAX = 24;
const UNFINISHED_MS = 400;
const cluster = oneNode({
  clientLimits: {
    connectionsMax: CONNECTIONS_MAX,
    unfinishedMs: UNFINISHED_MS,
    pendingBytesMax: 4 << 20,
  },
});
const port = cluster.clientPort(1);
const url = cluster.url(1);
/** Why client connections were closed since the last call. */
let told = 0;
function reasons(): string[] {
  const all = cluster.logs.get(1)!.reasons("clientClosed");
  return all.slice(told, (told = all.length)).map(String);
}

const GIB = 2 ** 30;
const u32 = (value: number): Uint8Array => {
  const w = new ByteWriter(4);
  w.u32(value);
  return w.copy();
};

/** Sends bytes to the HTTP port; resolves with what came back once the node has closed, or with its first line. */
async function http(text: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connectSocket({ port: Number(new URL(url).port), host: "127.0.0.1" });
  socket.on("data", (chunk) => resolve(chunk.toString("latin1")));
  socket.on("error", () => {});
  socket.on("close", () => resolve(""));
  socket.write(text);
  const answer = await promise;
  socket.destroy();
  return answer;
}

test("limits: a frame, a command and a line that trickle in are ended, with one reason each; a quiet connection stays", async () => {
  const quiet = await textClient(port);
  reasons();
  const frame = await rawClient(port);
  const texts = await Promise.all([textClient(port), textClient(port), textClient(port)]);
  frame.send(u32(1 << 20));
  for (const [i, begun] of ["*3\r\n$3\r\nSET\r\n$100", '{"op":"get"', "GET a"].entries()) {
    texts[i]!.send(begun);
  }
  await until("all four are closed", () => {
    // A byte now and then does not save it.
    if (!frame.isClosed) frame.send(u32(0).subarray(0, 1));
    return frame.isClosed && texts.every((text) => text.isClosed);
  });
  const why = reasons();
  expect(why).toHaveLength(4);
  for (const reason of why)
    expect(reason).toMatch(/^\d+ bytes of what has begun, and not the rest within 400 ms$/);
  quiet.send("PING\r\n");
  expect(await quiet.lines(1)).toBe("+PONG\r\n");
  quiet.close();
});

test("limits: half a frame of a client that ends its side is no reason to wait, nor worth a line", async () => {
  reasons();
  const socket: Socket = connectSocket({ port, host: "127.0.0.1", allowHalfOpen: true });
  const closed = Promise.withResolvers<void>();
  socket.on("error", () => {});
  socket.on("close", () => closed.resolve());
  socket.on("data", () => {});
  socket.end(Uint8Array.of(...u32(100), 1, 2, 3));
  await closed.promise;
  expect(reasons()).toEqual([]);
});

test("limits: a value of 1 GiB is refused by its announcement, on every protocol, with one reason", async () => {
  reasons();
  const before = process.memoryUsage().rss;
  const binary = await rawClient(port);
  binary.send(u32(GIB));
  await until("the frame is refused", () => binary.isClosed);
  const tooLong = `frame length ${GIB} is not within 14 to ${16 << 20}`;
  expect(reasons()).toEqual([tooLong]);
  const [said, ...more] = binary.frames;
  expect([said!.kind, more]).toEqual([KIND.authReply, []]);
  expect(readAuthReply(said!.body).refusal).toBe(tooLong);
  const resp = await textClient(port);
  resp.send(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${GIB}\r\n`);
  const invalid = `Protocol error: invalid bulk length: ${GIB} bytes, the limit is ${8 << 20}`;
  expect(await resp.lines(1)).toBe(`-ERR ${invalid}\r\n`);
  await until("RESP is closed", () => resp.isClosed);
  expect(reasons()).toEqual([invalid]);
  const answer = await http(
    `PUT /kv/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${GIB}\r\n\r\n`,
  );
  expect(answer).toStartWith("HTTP/1.1 413 ");
  expect(process.memoryUsage().rss - before).toBeLessThan(GIB / 2);
});

test("limits: a line of JSON that does not end is refused beyond 16 MiB, with one reason", async () => {
  reasons();
  const json = await textClient(port);
  json.send(`{"op":"put","key":"k","value":"${"v".repeat(16 << 20)}`);
  const answer = JSON.parse(await json.lines(1)) as unknown;
  expect(answer).toMatchObject({ ok: false, error: { code: "badRequest", definite: true } });
  await until("JSON is closed", () => json.isClosed);
  expect(reasons()).toEqual([`a line is longer than ${16 << 20} bytes`]);
});

const LONG = "k".repeat(64 << 10);
const BEYOND = "k".repeat(4097);

test("limits: a key of no bytes and one of 64 KiB are refused for sure, by every way in", async () => {
  reasons();
  for (const key of ["", BEYOND]) {
    for (const op of [OP_PUT, OP_GET] as const) {
      expect(await ask(port, op, key)).toMatchObject({ status: "invalid", version: 0 });
    }
  }
  const resp = await textClient(port);
  resp.send("*3\r\n$3\r\nSET\r\n$0\r\n\r\n$1\r\nv\r\n");
  expect(await resp.lines(1)).toMatch(/^-ERR .*key/);
  resp.send(`*2\r\n$3\r\nGET\r\n$${LONG.length}\r\n${LONG}\r\n`);
  expect(await resp.lines(1)).toMatch(/^-ERR .*key/);
  resp.close();
  const json = await textClient(port);
  for (const key of ["", LONG]) {
    json.send(`${JSON.stringify({ op: "put", key, value: "v" })}\n`);
    expect(JSON.parse(await json.lines(1))).toMatchObject({ error: { definite: true } });
  }
  json.close();
  expect((await fetch(`${url}/kv/`, { method: "PUT", body: "v" })).status).toBe(404);
  const long = await fetch(`${url}/kv/${BEYOND}`, { method: "PUT", body: "v" });
  expect([long.status, await long.json()]).toMatchObject([400, { definite: true }]);
  expect(await http(`GET /kv/${LONG} HTTP/1.1\r\nHost: localhost\r\n\r\n`)).toStartWith(
    "HTTP/1.1 431 ",
  );
  const client = await connect({ nodes: [`127.0.0.1:${port}`] });
  for (const key of ["", LONG]) {
    await expect(client.put(key, "v")).rejects.toMatchObject({ code: "invalid" });
  }
  await client.close();
  expect(reasons()).toEqual([]);
}, 30_000);

test("limits: the command line refuses such keys as bad input", async () => {
  const main = join(import.meta.dir, "..", "cli", "main.ts");
  const codes = ["", LONG].map(async (key) => {
    const args = ["kv", "put", "--nodes", `127.0.0.1:${port}`, key, "v"];
    const child = Bun.spawn([process.execPath, main, ...args], { stdout: "pipe", stderr: "pipe" });
    const err = await child.stderr.text();
    return `${await child.exited} ${/key (is empty|has \d+ bytes)/.exec(err)?.[0]}`;
  });
  expect(await Promise.all(codes)).toEqual(["64 key is empty", "64 key has 65536 bytes"]);
}, 30_000);

test("limits: a client that never reads is closed, with how much it left; others go on", async () => {
  await put(port, "large", "x".repeat(1 << 20));
  reasons();
  const client = await rawClient(port);
  client.pause();
  // One request as often as it takes for what is unread to fill the sockets' buffers too.
  await until("it is closed for what it leaves", () => {
    client.encode((w) => {
      for (let i = 0; i < 16; i++) writeGet(w, "large");
    });
    return cluster.logs.get(1)!.reasons("clientClosed").length > told;
  });
  expect(reasons()).toEqual([
    expect.stringMatching(/^the client leaves \d+ bytes of replies unread$/),
  ]);
  client.close();
  expect(await get(port, "none")).toMatchObject({ status: "notFound" });
});

function writeGet(w: ByteWriter, key: string): void {
  const start = beginFrame(w, KIND.clientRequests, 1);
  w.u32(4 + 32 + key.length);
  w.u32(1);
  w.u8(OP_GET);
  w.u8(0);
  w.u16(key.length);
  for (let i = 0; i < 28; i++) w.u8(0);
  w.bytes(new TextEncoder().encode(key));
  endFrame(w, start);
}

test("limits: one connection too many is closed at once, with the reason; those that are there are served", async () => {
  reasons();
  const clients = await Promise.all(
    Array.from({ length: 3 * CONNECTIONS_MAX }, () => textClient(port)),
  );
  const open = () => clients.filter((client) => !client.isClosed);
  await until("the others are closed", () => open().length <= CONNECTIONS_MAX);
  expect(new Set(reasons())).toEqual(new Set([`more than ${CONNECTIONS_MAX} client connections`]));
  const [first] = open();
  first!.send("PING\r\n");
  expect(await first!.lines(1)).toBe("+PONG\r\n");
  for (const client of clients) client.close();
});
