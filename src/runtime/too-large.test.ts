import { expect, setDefaultTimeout, spyOn, test } from "bun:test";
import { connect as connectSocket } from "node:net";
import { connect } from "../connect/client.ts";
import { OP_PUT } from "../kv/command.ts";
import { ask } from "./testing/binary-client.ts";
import { oneNode } from "./testing/one-node.ts";
import { textClient } from "./testing/text-client.ts";

setDefaultTimeout(60_000);

/** Values that a node reads whole and does not take. Those that it does not even read: limits.test.ts. */

const cluster = oneNode();
const port = cluster.clientPort(1);
const url = cluster.url(1);

const BIG = "v".repeat((8 << 20) + 1);
const TOO_BIG = /8388609 bytes, the limit is 8388608/;

test("limits: a value of a byte too many is refused for sure, by every way in, and the connection stays", async () => {
  expect(await ask(port, OP_PUT, "big", BIG)).toMatchObject({ status: "invalid", version: 0 });
  const json = await textClient(port);
  json.send(`${JSON.stringify({ op: "put", key: "big", value: BIG })}\n`);
  expect(JSON.parse(await json.lines(1))).toMatchObject({
    error: { code: "badRequest", definite: true, message: expect.stringMatching(TOO_BIG) },
  });
  json.send('{"op":"ping"}\n');
  expect(JSON.parse(await json.lines(1))).toEqual({ ok: true });
  json.close();
  const put = await fetch(`${url}/kv/big`, { method: "PUT", body: BIG });
  const limit = "the value is longer than 8388608 bytes";
  expect([put.status, await put.json()]).toMatchObject([413, { definite: true, error: limit }]);
  const client = await connect({ nodes: [`127.0.0.1:${port}`] });
  await expect(client.put("big", BIG)).rejects.toMatchObject({
    ...{ code: "invalid", message: expect.stringMatching(TOO_BIG) },
  });
  expect(await client.get("big")).toBeNull();
  await client.close();
  expect(cluster.logs.get(1)!.reasons("clientClosed")).toEqual([]);
});

test("limits: an append beyond 8 MiB is refused for sure, by every way in, and the value stays", async () => {
  const half = BIG.slice(BIG.length / 2);
  const client = await connect({ nodes: [`127.0.0.1:${port}`] });
  await client.put("half", half);
  await expect(client.append("half", BIG.slice(0, 5 << 20))).rejects.toMatchObject({
    ...{ code: "invalid", definite: true },
  });
  const resp = await textClient(port);
  resp.send(`*3\r\n$6\r\nAPPEND\r\n$4\r\nhalf\r\n$${5 << 20}\r\n${BIG.slice(0, 5 << 20)}\r\n`);
  expect(await resp.lines(1)).toBe("-ERR string exceeds maximum allowed size\r\n");
  resp.close();
  const json = await textClient(port);
  json.send(`${JSON.stringify({ op: "append", key: "half", value: BIG.slice(0, 5 << 20) })}\n`);
  expect(JSON.parse(await json.lines(1))).toMatchObject({
    error: { code: "invalid", definite: true },
  });
  json.close();
  const post = { method: "POST", body: BIG.slice(0, 5 << 20) };
  const refused = await fetch(`${url}/kv/half`, post);
  expect([refused.status, await refused.json()]).toMatchObject([413, { definite: true }]);
  expect((await client.get("half"))?.value).toHaveLength(half.length);
  await client.close();
});

test("limits: a body that is sent in pieces and grows beyond 16 MiB is refused, and is no bug of the node", async () => {
  const said: unknown[][] = [];
  const spy = spyOn(console, "error").mockImplementation((...words) => void said.push(words));
  const piece = `${(1 << 20).toString(16)}\r\n${"x".repeat(1 << 20)}\r\n`;
  const head = "PUT /kv/big HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connectSocket({ port: Number(new URL(url).port), host: "127.0.0.1" });
  socket.on("data", (chunk) => resolve(chunk.toString("latin1")));
  socket.on("error", () => {});
  socket.on("close", () => resolve(""));
  socket.write(head + piece.repeat(17));
  expect(await promise).toStartWith("HTTP/1.1 413 ");
  socket.destroy();
  expect((await fetch(`${url}/kv/big`)).status).toBe(404);
  spy.mockRestore();
  expect(said).toEqual([]);
});
