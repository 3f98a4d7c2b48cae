import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect } from "node:net";
import { join } from "node:path";
import { readCorpus } from "../fuzz/corpus.ts";
import { mutate } from "../fuzz/mutate.ts";
import { openTarget, type TargetName } from "../fuzz/targets.ts";
import { Prng } from "../lib/prng.ts";
import { clusterConfig, tempDir, TestCluster } from "./testing/cluster.ts";
import { get, put } from "./testing/binary-client.ts";

const CORPUS = join(import.meta.dir, "..", "fuzz", "testdata");
const MUTANTS = 60;
const dir = tempDir();
const cluster = new TestCluster(clusterConfig(1, dir.path, "memory"));

beforeAll(async () => {
  cluster.start(1);
  await cluster.leader();
});
afterAll(async () => {
  await cluster.stopAll();
  dir.remove();
});

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
