import { expect, test } from "bun:test";
import { connect } from "node:net";
import { join } from "node:path";
import { readCorpus } from "../fuzz/corpus.ts";
import { mutate } from "../fuzz/mutate.ts";
import { openTarget, type TargetName } from "../fuzz/targets.ts";
import { Prng } from "../lib/prng.ts";
import { oneNode } from "./testing/one-node.ts";
import { get, put } from "./testing/binary-client.ts";

const CORPUS = join(import.meta.dir, "..", "fuzz", "testdata");
const MUTANTS = 60;
const cluster = oneNode();

/** Samples, the corpus, and mutants of both. */
async function inputs(name: TargetName): Promise<readonly Uint8Array[]> {
  const { samples } = await openTarget(name);
  const given = [...samples, ...readCorpus(CORPUS, name).map(({ input }) => input)];
  const prng = new Prng(11).fork(name);
  return [
    ...given,
    ...Array.from({ length: MUTANTS }, () => mutate(prng.pick(given), prng, given)),
  ];
}

/** Sends the bytes and that there are no more; resolves once the node has closed too. */
function say(port: number, bytes: Uint8Array): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("data", () => {});
  socket.on("end", () => socket.destroy());
  socket.on("error", () => {});
  socket.on("close", () => resolve());
  socket.end(bytes);
  return promise;
}

for (const name of ["wire", "resp", "json"] as const) {
  test(`hostile bytes: ${name} to the ports of a node costs a connection and a line at most, and harms nobody`, async () => {
    const { clientPort, peerPort } = cluster.config.nodes[0]!;
    const log = cluster.logs.get(1)!;
    const client = [clientPort, "clientClosed"] as const;
    const ports = name === "wire" ? [client, [peerPort, "peerClosed"] as const] : [client];
    for (const input of await inputs(name)) {
      for (const [port, event] of ports) {
        const before = log.lines.length;
        await say(port, input);
        const told = log.lines.slice(before);
        const events = told.map((line) => line.event);
        const allowed = events.length === 0 ? [] : [event];
        expect({ input: input.toBase64(), events }).toEqual({
          input: input.toBase64(),
          events: allowed,
        });
        for (const line of told) expect(line["reason"]).toBeString();
      }
    }
    expect(cluster.fatal).toEqual([]);
    expect(await put(clientPort, "still", "here")).toMatchObject({ status: "ok" });
    expect(await get(clientPort, "still")).toMatchObject({ value: "here" });
  }, 60_000);
}

/** Bun.serve keeps some connections whose other side has ended: who says nothing for so long is not waited for. */
const QUIET_MS = 500;

function askHttp(port: number, bytes: Uint8Array): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("data", () => {});
  socket.on("error", () => {});
  socket.on("close", () => resolve());
  socket.setTimeout(QUIET_MS, () => socket.destroy());
  socket.write(bytes);
  return promise;
}

// What Bun refuses itself (no HTTP, a head that is too long) has its status and no line: Bun tells nobody.
test("hostile bytes: http costs a connection and a line for each refused request at most, and harms nobody", async () => {
  const { httpPort, clientPort } = cluster.config.nodes[0]!;
  const log = cluster.logs.get(1)!;
  const before = log.lines.length;
  const given = await inputs("http");
  for (let i = 0; i < given.length; i += 16) {
    await Promise.all(given.slice(i, i + 16).map((input) => askHttp(httpPort, input)));
  }
  const foreign = "GET /kv/x HTTP/1.1\r\nHost: elsewhere.example\r\nConnection: close\r\n\r\n";
  await askHttp(httpPort, Buffer.from(foreign));
  const refused = log.lines.slice(before).filter(({ event }) => event === "httpRefused");
  for (const line of refused) expect(line["reason"]).toBeString();
  expect(refused.at(-1)?.["reason"]).toBe("the Host of the request is no name of this node");
  expect(cluster.fatal).toEqual([]);
  expect((await fetch(`http://127.0.0.1:${httpPort}/version`)).status).toBe(200);
  expect(await put(clientPort, "still", "there")).toMatchObject({ status: "ok" });
}, 60_000);
