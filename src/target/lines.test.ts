import { afterAll, expect, test } from "bun:test";
import { PlainClient } from "./testing/plain-client.ts";
import { lineClient, type LineRequest } from "./lines.ts";
import { Prng } from "../lib/prng.ts";
import { DONE_FAIL, DONE_INFO, DONE_MISMATCH, DONE_OK } from "../client/ports.ts";
import { FLAG_EXPECTED, OP_GET, OP_PUT, type OpCode } from "../kv/command.ts";
import { UserError } from "../lib/user-error.ts";

const WITHIN_MS = 20_000;
const servers: { stop(now: boolean): void }[] = [];
afterAll(() => servers.forEach((server) => server.stop(true)));

/** Answers each line by `answer`, in pieces that are cut anywhere; null: closes the connection. */
function serve(answer: (line: string) => string | null): { readonly port: number; seen: string[] } {
  const seen: string[] = [];
  const server = Bun.listen<{ rest: string }>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open: (socket) => void (socket.data = { rest: "" }),
      data(socket, chunk) {
        const lines = (socket.data.rest + chunk.toString()).split("\n");
        socket.data.rest = lines.pop()!;
        for (const line of lines) {
          seen.push(line);
          const said = answer(line);
          if (said === null) return void socket.end();
          const half = Math.floor(said.length / 2);
          socket.write(said.slice(0, half));
          socket.flush();
          socket.write(`${said.slice(half)}\r\n`);
        }
      },
    },
  });
  servers.push(server);
  return { port: server.port, seen };
}

const protocol = {
  request: ({ op, key, value, expected }: LineRequest): string =>
    `${op} ${key} ${value.toString("hex")} ${expected}`,
  reply: (line: string) => {
    const [kind, version, value = ""] = line.split(" ");
    if (kind === "ok")
      return { kind, version: Number(version), value: Buffer.from(value, "hex") } as const;
    if (kind === "mismatch") return { kind, version: Number(version) } as const;
    return { kind: kind as "refused" | "unsure" | "invalid" };
  },
};

/** Runs one operation by a client of its own; resolves to how it ended. */
async function run(
  port: number,
  op: OpCode,
  expected: number | null = null,
  timeoutMs = WITHIN_MS,
) {
  const { promise, resolve } = Promise.withResolvers<{
    outcome: number;
    version: number;
    value: string;
  }>();
  const address = { target: "module:none", nodes: [{ id: 1, host: "127.0.0.1", port }] } as const;
  const { clerk, connections } = lineClient(protocol)(
    {
      ...{ address, clients: 1, connections: 1, timeoutMs, homeShare: 0 },
      ...{ wantsVersions: true, prng: new Prng(1) },
    },
    {
      onDone: (_slot, { outcome, version, valueIn, valueAt, valueBytes }) => {
        const value = Buffer.from(valueIn.subarray(valueAt, valueAt + valueBytes)).toString();
        resolve({ outcome, version, value });
      },
      onInput: () => {},
    },
  );
  const timer = setInterval(() => clerk.tick(performance.now()), 5);
  try {
    await connections.connected(0, WITHIN_MS);
    const flags = expected === null ? 0 : FLAG_EXPECTED;
    const value = Buffer.from(op === OP_GET ? "" : "red");
    clerk.start(0, op, flags, expected ?? 0, Buffer.from("k1"), value, performance.now());
    return await promise;
  } finally {
    clearInterval(timer);
    connections.close();
  }
}

test("lines: an operation is a line, and what its answer says is how it ends", async () => {
  const { port, seen } = serve((line) => (line.startsWith("get") ? "ok 7 626c7565" : "ok 8"));
  expect(await run(port, OP_GET)).toEqual({ outcome: DONE_OK, version: 7, value: "blue" });
  expect(await run(port, OP_PUT)).toEqual({ outcome: DONE_OK, version: 8, value: "" });
  expect(seen).toEqual(["get k1  null", "put k1 726564 null"]);
});

test("lines: a versioned put says which version it wants, and a mismatch is one", async () => {
  const { port, seen } = serve(() => "mismatch 5");
  expect(await run(port, OP_PUT, 4)).toEqual({ outcome: DONE_MISMATCH, version: 5, value: "" });
  expect(seen).toEqual(["put k1 726564 4"]);
});

test("lines: a write is sent again after a refusal only; an unsure one may have happened", async () => {
  let times = 0;
  const refusing = serve(() => (++times < 3 ? "refused" : "ok 1"));
  expect((await run(refusing.port, OP_PUT)).outcome).toBe(DONE_OK);
  expect(refusing.seen.length).toBe(3);

  const unsure = serve(() => "unsure");
  expect((await run(unsure.port, OP_PUT)).outcome).toBe(DONE_INFO);
  expect(unsure.seen.length).toBe(1);

  const invalid = serve(() => "invalid");
  expect((await run(invalid.port, OP_PUT)).outcome).toBe(DONE_FAIL);
});

test("lines: a write whose connection is lost may have happened; a read is sent again", async () => {
  const lossy = serve(() => null);
  expect((await run(lossy.port, OP_PUT)).outcome).toBe(DONE_INFO);

  let times = 0;
  const once = serve(() => (++times === 1 ? null : "ok 2 62"));
  expect(await run(once.port, OP_GET)).toEqual({ outcome: DONE_OK, version: 2, value: "b" });
});

test("a module's client: one that cannot be loaded, or exports none, is bad input", async () => {
  const nodes = [{ id: 1, host: "127.0.0.1", port: 1 }];
  const connect = (path: string) => PlainClient.connect({ target: `module:${path}`, nodes }, 1_000);
  await expect(connect("/nowhere/client.ts")).rejects.toThrow(UserError);
  await expect(connect(import.meta.resolve("./until.ts").slice("file://".length))).rejects.toThrow(
    "exports no openClient",
  );
});
