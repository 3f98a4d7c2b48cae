import { afterEach, expect, test } from "bun:test";
import { NO_NODE } from "../../lib/ids.ts";
import { OP_PUT, writeCommand } from "../../kv/command.ts";
import type { GroupClientPort } from "../../replica/host.ts";
import type { ByteWriter } from "../../wire/bytes.ts";
import { type ClusterInfo, readClusterInfo, writeClusterRequest } from "../../wire/cluster-info.ts";
import { eachResponse, REQUESTS_PER_CONNECTION_MAX } from "../../wire/client.ts";
import { STATUS } from "../../wire/errors.ts";
import { beginFrame, endFrame } from "../../wire/frame.ts";
import { KIND } from "../../wire/kinds.ts";
import { linesLog } from "../testing/log.ts";
import { type RawClient, rawClient } from "../testing/raw-client.ts";
import { until } from "../testing/until.ts";
import { BinaryServer } from "./binary.ts";

type Taken = { group: number; client: number; requestId: number; command: Uint8Array };

const INFO: ClusterInfo = {
  clusterId: "c",
  id: 2,
  shards: 0,
  nodes: [{ id: 2, host: "127.0.0.1", clientPort: 7001 }],
};

const open: { stop(): void }[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.stop();
});

/** A server over a port that keeps requests until the test answers them. */
function startServer() {
  const taken: Taken[] = [];
  const log = linesLog();
  const requests: GroupClientPort = {
    request: (group, client, requestId, bytes, _view, at, end) =>
      void taken.push({ group, client, requestId, command: bytes.slice(at, end) }),
  };
  const counts = { bursts: 0 };
  const server = new BinaryServer({
    host: "127.0.0.1",
    port: 0,
    requests,
    clusterInfo: () => INFO,
    log,
    onBurst: () => void counts.bursts++,
    onFatal: (error) => {
      throw error;
    },
  });
  open.push(server);
  const answer = (
    { group, client, requestId }: Taken,
    value = new Uint8Array(0),
    version = 0,
  ): void =>
    server.reply(group, client, requestId, {
      status: STATUS.ok.code,
      leaderHint: NO_NODE,
      version,
      index: 5,
      valueIn: value,
      valueAt: 0,
      valueBytes: value.length,
    });
  return { server, taken, log, answer, counts };
}

const put = (key: string, value = ""): Uint8Array => {
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
  const out = new Uint8Array(4096);
  const none = { flags: 0, session: 0, seq: 0, nonce: 0, expected: 0 };
  const command = { op: OP_PUT, ...none, key: encode(key), value: encode(value) } as const;
  return out.slice(0, writeCommand(out, new DataView(out.buffer), 0, command));
};

function writeRequests(
  w: ByteWriter,
  firstId: number,
  commands: readonly Uint8Array[],
  group = 1,
): void {
  const start = beginFrame(w, KIND.clientRequests, group);
  commands.forEach((command, i) => {
    w.u32(4 + command.length);
    w.u32(firstId + i);
    w.bytes(command);
  });
  endFrame(w, start);
}

/** All responses so far: id, status and value. */
function responses(client: RawClient): { id: number; status: number; value: string }[] {
  const out: { id: number; status: number; value: string }[] = [];
  for (const { kind, body } of client.frames) {
    expect(kind).toBe(KIND.clientResponses);
    eachResponse(body, ({ requestId: id, status, valueAt, valueBytes }) => {
      const value = new TextDecoder().decode(body.subarray(valueAt, valueAt + valueBytes));
      out.push({ id, status, value });
    });
  }
  return out;
}

test("binary: a frame addresses a group, and the replies of each group are a frame of it", async () => {
  const { server, taken, answer } = startServer();
  const client = await rawClient(server.port);
  client.encode((w) => {
    writeRequests(w, 1, [put("a"), put("b")], 5);
    writeRequests(w, 3, [put("c"), put("d")], 4_000_000_000);
  });
  await until("requests", () => taken.length === 4);
  expect(taken.map(({ group }) => group)).toEqual([5, 5, 4_000_000_000, 4_000_000_000]);
  for (const t of taken) answer(t);
  server.flush();
  await until("responses", () => responses(client).length === 4);
  expect(client.frames.map(({ group }) => group)).toEqual([5, 4_000_000_000]);
  expect(responses(client).map(({ id }) => id)).toEqual([1, 2, 3, 4]);
});

test("binary: the requests of a frame reach the port as bytes, and the replies of a turn are one frame", async () => {
  const { server, taken, answer, counts } = startServer();
  const client = await rawClient(server.port);
  const commands = [put("a", "1"), put("b", "22"), put("c", "333")];
  client.encode((w) => writeRequests(w, 7, commands));
  await until("requests", () => taken.length === 3);
  expect(taken.map((t) => t.requestId)).toEqual([7, 8, 9]);
  expect(taken.map((t) => t.command)).toEqual(commands);
  expect(counts.bursts).toBe(1);

  for (const t of [taken[2]!, taken[0]!, taken[1]!]) {
    answer(t, new TextEncoder().encode(`v${t.requestId}`));
  }
  server.flush();
  await until("responses", () => responses(client).length === 3);
  expect(client.frames).toHaveLength(1);
  expect(responses(client)).toEqual([
    { id: 9, status: 0, value: "v9" },
    { id: 7, status: 0, value: "v7" },
    { id: 8, status: 0, value: "v8" },
  ]);
});

test("binary: each connection has an id of its own and gets its own replies only", async () => {
  const { server, taken, answer } = startServer();
  const clients = await Promise.all([1, 2, 3].map(() => rawClient(server.port)));
  clients.forEach((client, i) => client.encode((w) => writeRequests(w, i, [put("k")])));
  await until("requests", () => taken.length === 3);
  expect(new Set(taken.map((t) => t.client)).size).toBe(3);
  expect(taken.every((t) => t.client > 0)).toBe(true);
  for (const t of taken) answer(t);
  server.flush();
  await until("responses", () => clients.every((c) => c.frames.length === 1));
  clients.forEach((c, i) => expect(responses(c)).toEqual([{ id: i, status: 0, value: "" }]));
});

test("binary: a reply to a client that has gone is dropped", async () => {
  const { server, taken, answer } = startServer();
  const gone = await rawClient(server.port);
  gone.encode((w) => writeRequests(w, 1, [put("k"), put("k")]));
  await until("requests", () => taken.length === 2);
  answer(taken[0]!);
  gone.close();
  const next = await rawClient(server.port);
  next.encode((w) => writeRequests(w, 1, [put("k")]));
  await until("requests", () => taken.length === 3);
  for (const t of taken) answer(t);
  server.flush();
  await until("responses", () => next.frames.length > 0);
  expect(responses(next)).toEqual([{ id: 1, status: 0, value: "" }]);
});

test("binary: requests beyond the limit of a connection are refused as overloaded, in order", async () => {
  const { server, taken } = startServer();
  const client = await rawClient(server.port);
  const extra = 3;
  const commands = Array.from({ length: REQUESTS_PER_CONNECTION_MAX + extra }, () => put("k"));
  client.encode((w) => writeRequests(w, 0, commands));
  await until("requests", () => taken.length === REQUESTS_PER_CONNECTION_MAX);
  server.flush();
  await until("refusals", () => responses(client).length === extra);
  expect(responses(client)).toEqual(
    [0, 1, 2].map((i) => {
      return { id: REQUESTS_PER_CONNECTION_MAX + i, status: STATUS.overloaded.code, value: "" };
    }),
  );
  expect(taken).toHaveLength(REQUESTS_PER_CONNECTION_MAX);
});

test("binary: replies of more than a frame arrive in several, complete", async () => {
  const { server, taken, answer } = startServer();
  const client = await rawClient(server.port);
  client.encode((w) =>
    writeRequests(
      w,
      0,
      Array.from({ length: 40 }, () => put("k")),
    ),
  );
  await until("requests", () => taken.length === 40);
  const value = new Uint8Array(300_000).fill(0x61);
  for (const t of taken) answer(t, value);
  server.flush();
  await until("responses", () => responses(client).length === 40);
  expect(client.frames.length).toBeGreaterThan(5);
  expect(responses(client).every((r) => r.value.length === value.length)).toBe(true);
});

test("binary: a client that never reads its replies is closed with one reason", async () => {
  const { server, taken, answer, log } = startServer();
  const client = await rawClient(server.port);
  client.pause();
  const value = new Uint8Array(1 << 20);
  for (let i = 0; log.lines.length === 0 && i < 100; i++) {
    client.encode((w) => writeRequests(w, i, [put("k")]));
    await until("request", () => taken.length === i + 1);
    answer(taken[i]!, value);
    server.flush();
  }
  expect(log.reasons("clientClosed")).toHaveLength(1);
  expect(log.reasons("clientClosed")[0]).toMatch(/leaves \d+ bytes of replies unread/);
  answer(taken[0]!, value);
  server.flush();
  expect(log.lines).toHaveLength(1);
});

test("binary: bad bytes close the connection with one reason, and others live on", async () => {
  const { server, taken, log } = startServer();
  const healthy = await rawClient(server.port);
  const bad: [(w: ByteWriter) => void, string][] = [
    [(w) => w.bytes(new Uint8Array(64).fill(0xff)), "frame length 4294967295"],
    [(w) => endFrame(w, beginFrame(w, KIND.heartbeat, 0)), "kind 7 on the client port"],
    [(w) => endFrame(w, beginFrame(w, KIND.clientRequests, 0)), "clientRequests: empty"],
    [
      (w) => {
        const start = beginFrame(w, KIND.clientRequests, 0);
        w.u32(1000);
        w.u32(1);
        endFrame(w, start);
      },
      "request: 1000 bytes do not fit",
    ],
  ];
  for (const [i, [write, reason]] of bad.entries()) {
    const client = await rawClient(server.port);
    client.encode(write);
    await until("closed", () => client.isClosed);
    expect(log.reasons("clientClosed")).toHaveLength(i + 1);
    expect(log.reasons("clientClosed")[i]).toStartWith(reason);
  }
  healthy.encode((w) => writeRequests(w, 1, [put("k")]));
  await until("request", () => taken.length === 1);
});

test("binary: whoever asks is told of the cluster, between answers too", async () => {
  const { server, taken, answer } = startServer();
  const client = await rawClient(server.port);
  client.encode((w) => {
    writeRequests(w, 7, [put("k")]);
    writeClusterRequest(w);
  });
  await until("request", () => taken.length === 1);
  await until("what it is told", () => client.frames.length === 1);
  answer(taken[0]!);
  server.flush();
  await until("answer", () => client.frames.length === 2);
  expect(client.frames.map(({ kind }) => kind)).toEqual([KIND.clusterReply, KIND.clientResponses]);
  expect(readClusterInfo(client.frames[0]!.body)).toEqual(INFO);
});
