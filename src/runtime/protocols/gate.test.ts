import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { asNode } from "../../lib/ids.ts";
import { ensureCluster, nodeSettingsOf } from "../../security/cert-dir.ts";
import { NODE_DNS_NAME } from "../../security/names.ts";
import { loadNodeSecurity, type NodeSecurity } from "../../security/node-security.ts";
import { PeerListener } from "../peer-listener.ts";
import { PeerTraffic } from "../peer-traffic.ts";
import { until } from "../testing/until.ts";
import { BinaryServer } from "./binary.ts";

// On a busy machine a process takes seconds to start.
setDefaultTimeout(60_000);

const clusterId = "gate";
const AUTH_WITHIN_MS = 50;
let dir = "";
let security: NodeSecurity;
const reasons: string[] = [];
const log = pino(
  {},
  { write: (line) => void reasons.push((JSON.parse(line) as { reason: string }).reason) },
);
const onFatal = (error: unknown): never => {
  throw error;
};
const nothing = (): void => {};
const never = (): never => {
  throw new Error("a request came through");
};

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "ordeal-gate-"));
  await ensureCluster(dir, clusterId, [{ id: 1, hosts: [] }], 30);
  security = loadNodeSecurity(nodeSettingsOf(dir), { id: 1, clusterId }, {})!;
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const clientPort = (authWithinMs: number): BinaryServer =>
  new BinaryServer({
    ...{ host: "127.0.0.1", port: 0, security, authWithinMs, log, onFatal, onBurst: nothing },
    requests: { request: never },
    clusterInfo: never,
    texts: never,
  });

const peerPort = (authWithinMs: number): PeerListener =>
  new PeerListener({
    ...{ clusterId, self: asNode(1), host: "127.0.0.1", port: 0, security, authWithinMs, log },
    peers: () => [asNode(2)],
    trafficOf: () => new PeerTraffic(),
    ...{ onMessage: never, onAlive: never, onPeer: never },
    ...{ onLost: nothing, onBurst: nothing, onFatal },
  });

/** Connects, sends `text` after the handshake, or nothing in plain text, and waits to be closed. */
async function closed(port: number, text: string | null): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  await Bun.connect({
    hostname: "127.0.0.1",
    port,
    ...(text !== null && { tls: { ca: security.ca, serverName: NODE_DNS_NAME } }),
    socket: {
      handshake: (socket) => void socket.write(text!),
      data: nothing,
      end: (socket) => socket.terminate(),
      close: () => resolve(),
      error: () => resolve(),
    },
  });
  await promise;
}

test("gate: who has not shown who it is in time is closed, silent or half way", async () => {
  const server = clientPort(AUTH_WITHIN_MS);
  reasons.length = 0;
  for (const text of [null, "", "AUTH", '{"auth":"']) await closed(server.port, text);
  const late = "it has not shown who it is within 50 ms";
  expect(reasons).toEqual([late, late, late, late]);
  await server.stop();
});

test("peer port: who has not shaken hands in time is closed", async () => {
  const listener = peerPort(AUTH_WITHIN_MS);
  reasons.length = 0;
  await closed(listener.port, null);
  expect(reasons).toEqual(["no handshake within 50 ms"]);
  listener.stop();
});

test("gate: strangers beyond the limit are closed at once, and the others stay", async () => {
  const server = clientPort(60_000);
  reasons.length = 0;
  let ended = 0;
  const socket = { data: nothing, close: () => void ended++, error: nothing };
  const at = { hostname: "127.0.0.1", port: server.port, socket };
  const all = await Promise.all(Array.from({ length: 260 }, () => Bun.connect(at)));
  await until("four are closed", () => ended === 4 || null);
  expect(reasons).toEqual(Array(4).fill("more than 256 connections have not shown who they are"));
  for (const one of all) one.terminate();
  await server.stop();
});
