import { afterEach, describe, expect, test } from "bun:test";
import { type Command, OP_GET, OP_PUT } from "../kv/command.ts";
import { GROUP_1 } from "../lib/ids.ts";
import { STATUS } from "../wire/errors.ts";
import { ClientConnection } from "./client-connection.ts";
import { startTrivialServer, type TrivialServer } from "./trivial-server.ts";

const DEADLINE_MS = 30_000;

const command = (op: 0 | 1, value = ""): Command => ({
  op,
  flags: 0,
  session: 0,
  seq: 0,
  nonce: 0,
  expected: 0,
  key: Buffer.from("key"),
  value: Buffer.from(value),
});

const opened: { close(): void }[] = [];
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});

function server(port = 0): TrivialServer {
  const one = startTrivialServer(port);
  opened.push({ close: () => one.stop() });
  return one;
}

/** A connection that writes down what happens to it: `open`, `close`, or the answers. */
function connect(port: number): { connection: ClientConnection; seen: string[] } {
  const seen: string[] = [];
  const connection = new ClientConnection("127.0.0.1", port, {
    onOpen: () => seen.push("open"),
    onClose: () => seen.push("close"),
    onResponse: (r, body) => {
      const value = Buffer.from(body.subarray(r.valueAt, r.valueAt + r.valueBytes));
      seen.push(`${r.requestId} ${r.status} v${r.version} ${value.length} ${value.subarray(0, 9)}`);
    },
  });
  opened.push(connection);
  return { connection, seen };
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within ${DEADLINE_MS} ms: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("client connection", () => {
  test("requests are answered, values and versions with them", async () => {
    const { connection, seen } = connect(server().port);
    expect(connection.request(1, command(OP_GET), GROUP_1)).toBe(false);
    await until("open", () => connection.isOpen);
    for (const [id, c] of [command(OP_GET), command(OP_PUT, "hello"), command(OP_GET)].entries()) {
      expect(connection.request(id, c, GROUP_1)).toBe(true);
    }
    await until("three answers", () => seen.length === 4);
    expect(seen).toEqual([
      "open",
      `0 ${STATUS.notFound.code} v0 0 `,
      `1 ${STATUS.ok.code} v1 0 `,
      `2 ${STATUS.ok.code} v1 5 hello`,
    ]);
  });

  test("values larger than any socket buffer go through whole", async () => {
    const { connection, seen } = connect(server().port);
    await until("open", () => connection.isOpen);
    const value = "large".repeat(1_000_000);
    connection.request(1, command(OP_PUT, value), GROUP_1);
    connection.request(2, command(OP_GET), GROUP_1);
    await until("both answers", () => seen.length === 3);
    expect(seen[2]).toBe(`2 0 v1 ${value.length} ${value.slice(0, 9)}`);
  });

  test("it dials until there is a server, and again when that has gone", async () => {
    const first = server();
    first.stop();
    const { connection, seen } = connect(first.port);
    const second = server(first.port);
    await until("open", () => connection.isOpen);
    second.stop();
    await until("close", () => !connection.isOpen);
    expect(connection.request(1, command(OP_GET), GROUP_1)).toBe(false);
    server(first.port);
    await until("open again", () => connection.isOpen);
    expect(seen).toEqual(["open", "close", "open"]);
    connection.request(2, command(OP_GET), GROUP_1);
    await until("an answer", () => seen.length === 4);
  });

  test("what does not decode closes the connection, with one reason", async () => {
    const reasons: string[] = [];
    const listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { open: (socket) => void socket.write("no frame at all"), data() {} },
    });
    opened.push({ close: () => listener.stop(true) });
    const connection = new ClientConnection("127.0.0.1", listener.port, {
      onOpen() {},
      onResponse() {},
      onClose: (reason) => void reasons.push(reason),
    });
    opened.push(connection);
    await until("close", () => reasons.length > 0);
    expect(reasons[0]).toContain("frame length");
  });

  test("after close nothing more happens", async () => {
    const { port } = server();
    const { connection, seen } = connect(port);
    await until("open", () => connection.isOpen);
    connection.close();
    expect(connection.isOpen).toBe(false);
    expect(connection.request(1, command(OP_GET), GROUP_1)).toBe(false);
    const other = connect(port);
    await until("another one", () => other.connection.isOpen);
    expect(seen).toEqual(["open"]);
  });
});
