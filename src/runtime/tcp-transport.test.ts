import { afterEach, expect, test } from "bun:test";
import { asGroup, asIndex, asNode, asTerm, GROUP_1 } from "../lib/ids.ts";
import { Prng } from "../lib/prng.ts";
import type { Heartbeat, Message } from "../raft/types.ts";
import { ByteWriter } from "../wire/bytes.ts";
import { type Frame, FrameReader } from "../wire/frame.ts";
import { readHandshakeReply, writeHandshake, writeHandshakeReply } from "../wire/handshake.ts";
import { KIND, kindName } from "../wire/kinds.ts";
import { writeMessage } from "../wire/raft-codec.ts";
import type { NodeConfigFile } from "./config.ts";
import { TcpTransport } from "./tcp-transport.ts";
import { freePorts } from "./free-ports.ts";
import { linesLog } from "./testing/log.ts";
import { type RawClient, rawClient } from "./testing/raw-client.ts";
import { until } from "./testing/until.ts";

const open: { stop(): void }[] = [];
afterEach(() => {
  for (const transport of open.splice(0)) transport.stop();
});

function clusterOf(size: number, clusterId = "blue"): NodeConfigFile {
  const ports = freePorts(size);
  const nodes = ports.map((peerPort, i) => {
    return { id: i + 1, host: "127.0.0.1", peerPort, clientPort: 0, httpPort: 0 };
  });
  return { clusterId, nodes, dataDir: "none", storage: "memory" };
}

function transportOf(config: NodeConfigFile, id: number) {
  const received: Message[] = [];
  const groups: number[] = [];
  const alive: [number, number][] = [];
  const unreachable: number[] = [];
  const lost: number[] = [];
  const fatal: unknown[] = [];
  const log = linesLog();
  const transport = new TcpTransport({
    config,
    self: asNode(id),
    random: new Prng(id),
    log,
    onMessage: (group, message) => {
      groups.push(group);
      received.push(message);
    },
    onAlive: (peer, boot) => alive.push([peer, boot]),
    onUnreachable: (peer) => unreachable.push(peer),
    onLost: (peer) => lost.push(peer),
    onBurst: () => {},
    onFatal: (error) => fatal.push(error),
  });
  open.push(transport);
  return { transport, received, groups, alive, unreachable, lost, fatal, log };
}

const heartbeat = (from: number, to: number, readSeq: number): Heartbeat => ({
  kind: "heartbeat",
  from: asNode(from),
  to: asNode(to),
  term: asTerm(3),
  commitIndex: asIndex(7),
  readSeq,
  quiesce: false,
  lease: false,
});

/** A connection to node 1 that has shaken hands as node 2. */
async function peer2(config: NodeConfigFile): Promise<RawClient> {
  const client = await rawClient(config.nodes[0]!.peerPort);
  const shake = { clusterId: config.clusterId, from: asNode(2), to: asNode(1) };
  client.encode((w) => writeHandshake(w, shake));
  await until("handshake reply", () => client.frames.length > 0);
  return client;
}

test("transport: messages of a turn arrive in order, of the group they are of, each direction on a connection of its own", async () => {
  const config = clusterOf(2);
  const [a, b] = [transportOf(config, 1), transportOf(config, 2)];
  a.transport.connect();
  b.transport.connect();
  await until("both up", () => {
    return [a, b].every(({ transport }) => transport.connectedPeers.length === 1);
  });
  const sent = Array.from({ length: 100 }, (_, i) => heartbeat(1, 2, i));
  for (const [i, message] of sent.entries()) a.transport.send(asGroup(1 + (i % 3)), message);
  b.transport.send(GROUP_1, heartbeat(2, 1, 0));
  a.transport.flush();
  b.transport.flush();
  await until("all received", () => b.received.length === 100 && a.received.length === 1);
  expect(b.received).toEqual(sent);
  expect(b.groups).toEqual(sent.map((_, i) => 1 + (i % 3)));
  expect(a.unreachable).toEqual([]);
});

test("transport: heartbeats of all groups of a turn are one frame, and so are their answers", async () => {
  const config = clusterOf(2);
  const frames: Frame[] = [];
  const reader = new FrameReader();
  const peer = Bun.listen({
    hostname: "127.0.0.1",
    port: config.nodes[1]!.peerPort,
    socket: {
      binaryType: "uint8array",
      data(socket, chunk) {
        reader.push(chunk, (frame) => {
          if (frame.kind !== KIND.handshake) return frames.push(frame);
          const reply = new ByteWriter();
          writeHandshakeReply(reply, { refusal: null });
          return socket.write(reply.written());
        });
      },
    },
  });
  open.push({ stop: () => peer.stop(true) });
  const a = transportOf(config, 1);
  a.transport.connect();
  await until("up", () => a.transport.connectedPeers.length === 1);
  const { kind: _, commitIndex: __, quiesce: ___, ...rest } = heartbeat(1, 2, 9);
  for (let group = 1; group <= 50; group++) {
    a.transport.send(asGroup(group), heartbeat(1, 2, group));
    a.transport.send(asGroup(group), { ...rest, kind: "heartbeatResponse" });
  }
  a.transport.tellAlive(asNode(2), 77);
  a.transport.flush();
  await until("three frames", () => frames.length >= 3);
  // What follows is a frame by itself again, with its group.
  a.transport.send(asGroup(8), heartbeat(1, 2, 1));
  a.transport.flush();
  await until("one more", () => frames.length >= 4);
  const kinds = frames.map((frame) => `${kindName(frame.kind)} of ${frame.group}`);
  expect(kinds).toEqual([
    "alive of 0",
    "heartbeats of 0",
    "heartbeatResponses of 0",
    "heartbeat of 8",
  ]);
});

test("transport: a node is told who lives, and in which process", async () => {
  const config = clusterOf(2);
  const [a, b] = [transportOf(config, 1), transportOf(config, 2)];
  a.transport.connect();
  a.transport.tellAlive(asNode(2), 76); // It is not reached yet.
  await until("up", () => a.transport.connectedPeers.length === 1);
  a.transport.tellAlive(asNode(2), 77);
  a.transport.flush();
  await until("told", () => b.alive.length > 0);
  expect(b.alive).toEqual([[1, 77]]);
  expect(a.unreachable).toEqual([]);
});

test("transport: a peer that restarts is reported once, and reached again", async () => {
  const config = clusterOf(2);
  const a = transportOf(config, 1);
  a.transport.connect();
  for (let life = 0; life < 3; life++) {
    const b = transportOf(config, 2);
    await until("up", () => a.transport.connectedPeers.length === 1);
    a.transport.send(GROUP_1, heartbeat(1, 2, life));
    a.transport.flush();
    await until("received", () => b.received.length === 1);
    b.transport.stop();
    await until("down", () => a.transport.connectedPeers.length === 0);
    // Messages to a peer that is down are dropped, and no further report comes of them.
    for (let i = 0; i < 3; i++) {
      a.transport.send(GROUP_1, heartbeat(1, 2, 99));
      a.transport.flush();
    }
    expect(a.unreachable).toEqual(Array(life + 1).fill(2));
  }
  expect(a.log.reasons("peerLost")).toHaveLength(3);
});

test("transport: a peer that dials in is dialled back in turn", async () => {
  const config = clusterOf(2);
  const a = transportOf(config, 1);
  a.transport.connect();
  await until("a failed attempt", () => a.log.reasons("peerUnreachable").length > 0);
  const b = transportOf(config, 2);
  b.transport.connect();
  await until("both up", () => {
    return [a, b].every(({ transport }) => transport.connectedPeers.length === 1);
  });
});

test("transport: a peer whose connection breaks is lost, one that dials anew is not", async () => {
  const config = clusterOf(2);
  const a = transportOf(config, 1);
  const first = transportOf(config, 2);
  first.transport.connect();
  await until("up", () => first.transport.connectedPeers.length === 1);
  const second = transportOf({ ...config, nodes: [config.nodes[0]!, anywhere(2)] }, 2);
  second.transport.connect();
  await until("in its place", () => second.transport.connectedPeers.length === 1);
  first.transport.stop();
  second.transport.send(GROUP_1, heartbeat(2, 1, 1));
  second.transport.flush();
  await until("heard", () => a.received.length === 1);
  expect(a.lost).toEqual([]);
  second.transport.stop();
  await until("lost", () => a.lost.length > 0);
  expect(a.lost).toEqual([2]);
});

/** Where another process of a node may listen. */
const anywhere = (id: number) =>
  ({ id, host: "127.0.0.1", peerPort: 0, clientPort: 0, httpPort: 0 }) as const;

test("transport: messages that no connection takes are reported once", async () => {
  const config = clusterOf(2);
  const a = transportOf(config, 1);
  a.transport.connect();
  for (let i = 0; i < 5; i++) {
    a.transport.send(GROUP_1, heartbeat(1, 2, i));
    expect(a.unreachable).toEqual(i === 0 ? [] : [2]);
    a.transport.flush();
  }
  expect(a.unreachable).toEqual([2]);
});

test("transport: a full queue drops whole frames, reports it once, and the stream stays sound", async () => {
  const config = clusterOf(2);
  const a = transportOf(config, 1);
  const b = transportOf(config, 2);
  a.transport.connect();
  await until("up", () => a.transport.connectedPeers.length === 1);
  // Within one turn the event loop cannot drain the socket: the queue must fill.
  const batch = { firstIndex: asIndex(1), term: asTerm(1), kind: 0 as const, count: 1 };
  const bytes = new Uint8Array(4 + (1 << 20));
  new DataView(bytes.buffer).setUint32(0, 1 << 20, true);
  for (let i = 0; i < 60; i++) {
    const { kind: _, readSeq: __, ...rest } = heartbeat(1, 2, 0);
    const prev = { prevIndex: asIndex(0), prevTerm: asTerm(0) };
    a.transport.send(GROUP_1, {
      ...rest,
      ...prev,
      kind: "appendEntries",
      batches: [{ ...batch, bytes }],
    });
    a.transport.flush();
  }
  expect(a.unreachable).toEqual([2]);
  await until("what was queued", () => b.received.length >= 4);
  expect(b.received.length).toBeLessThan(60);
  await until("room again", () => {
    a.transport.send(GROUP_1, heartbeat(1, 2, 1));
    a.transport.flush();
    return b.received.at(-1)?.kind === "heartbeat";
  });
  expect(b.log.reasons("peerClosed")).toEqual([]);
});

test("transport: another cluster, another node and an unknown peer are refused with a reason", async () => {
  const config = clusterOf(2);
  const a = transportOf(config, 1);
  for (const [shake, refusal] of [
    [{ clusterId: "red", from: 2, to: 1 }, 'this is cluster "blue", not "red"'],
    [{ clusterId: "blue", from: 2, to: 3 }, "this is node 1, not 3"],
    [{ clusterId: "blue", from: 9, to: 1 }, "node 9 is not a peer of node 1"],
    [{ clusterId: "blue", from: 1, to: 1 }, "node 1 is not a peer of node 1"],
  ] as const) {
    const client = await rawClient(config.nodes[0]!.peerPort);
    const { clusterId, from, to } = shake;
    client.encode((w) => writeHandshake(w, { clusterId, from: asNode(from), to: asNode(to) }));
    await until("closed", () => client.isClosed);
    expect(client.frames).toHaveLength(1);
    expect(readHandshakeReply(client.frames[0]!.body)).toEqual({ refusal });
    expect(a.log.reasons("peerClosed").at(-1)).toBe(refusal);
  }
  expect(a.log.reasons("peerClosed")).toHaveLength(4);
});

test("transport: a dialer that is refused again and again tells of it once, and so does who refuses", async () => {
  const blue = clusterOf(2);
  const a = transportOf(blue, 1);
  const red = transportOf({ ...blue, clusterId: "red" }, 2);
  red.transport.connect();
  const words = 'this is cluster "blue", not "red"';
  await until("it is told", () => red.log.reasons("peerUnreachable").length > 0);
  for (let i = 0; i < 2; i++) {
    const again = await rawClient(blue.nodes[0]!.peerPort);
    again.encode((w) => writeHandshake(w, { clusterId: "red", from: asNode(2), to: asNode(1) }));
    await until("refused again", () => again.isClosed);
    expect(readHandshakeReply(again.frames[0]!.body)).toEqual({ refusal: words });
  }
  red.transport.stop();
  expect(red.log.reasons("peerUnreachable")).toEqual([`refused: ${words}`]);
  expect(a.log.reasons("peerClosed")).toEqual([words]);
});

test("transport: garbage, before and after the handshake, closes with one reason", async () => {
  const config = clusterOf(2);
  const a = transportOf(config, 1);
  const reasons = (): unknown[] => a.log.reasons("peerClosed");

  const http = await rawClient(config.nodes[0]!.peerPort);
  http.send(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  await until("closed", () => http.isClosed);
  expect(reasons()).toHaveLength(1);
  expect(reasons()[0]).toContain("frame length 542393671 is not within 14 to 1024");

  const early = await rawClient(config.nodes[0]!.peerPort);
  early.encode((w) => writeMessage(w, heartbeat(2, 1, 1), 1));
  await until("closed", () => early.isClosed);
  expect(reasons()[1]).toBe(`kind ${KIND.heartbeat} as the first frame, not a handshake`);

  const late = await peer2(config);
  late.encode((w) => writeMessage(w, heartbeat(2, 1, 1), 1));
  await until("received", () => a.received.length === 1);
  late.encode((w) => {
    const start = w.offset;
    writeMessage(w, heartbeat(2, 1, 2), 1);
    w.patchU32(start + 4, 0);
  });
  await until("closed", () => late.isClosed);
  expect(reasons().slice(2)).toEqual(["crc mismatch"]);
  expect(a.received).toHaveLength(1);
  expect(a.fatal).toEqual([]);
});

test("transport: a second connection of a peer replaces the first", async () => {
  const config = clusterOf(2);
  const a = transportOf(config, 1);
  const first = await peer2(config);
  const second = await peer2(config);
  await until("the first is closed", () => first.isClosed);
  second.encode((w) => writeMessage(w, heartbeat(2, 1, 5), 1));
  await until("received", () => a.received.length === 1);
  expect(a.log.reasons("peerClosed")).toEqual([]);
  second.close();
});
