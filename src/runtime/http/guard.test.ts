import { expect, test } from "bun:test";
import pino from "pino";
import { until } from "../testing/until.ts";
import { HttpServer } from "./server.ts";

const reasons: string[] = [];
const log = pino(
  {},
  { write: (line) => void reasons.push((JSON.parse(line) as { reason: string }).reason) },
);

function serve(): HttpServer {
  const guard = { security: null, hosts: () => ["db.corp.example"], log };
  const app = (): never => {
    throw new Error("a refused request came through");
  };
  return new HttpServer({ host: "127.0.0.1", port: 0, guard, app });
}

/** Speaks HTTP as a browser does that was made to: `fetch` would not let us choose these headers. */
async function ask(port: number, line: string, headers: Readonly<Record<string, string>>) {
  let said = "";
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: { data: (_socket, chunk) => void (said += chunk.toString()) },
  });
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`${line} HTTP/1.1\r\n${lines.join("")}Connection: close\r\n\r\n`);
  const status = await until("an answer", () => /^HTTP\/1\.1 (\d+)/.exec(said)?.[1] ?? null);
  socket.terminate();
  return Number(status);
}

test("http guard: on loopback without a token, other sites' pages and rebound names get nothing", async () => {
  const server = serve();
  const { port } = server;
  const host = `127.0.0.1:${port}`;
  reasons.length = 0;
  const requests = ["GET /kv/x", "PUT /kv/x", "POST /admin/transfer", "PUT /admin/nodes"];
  for (const line of requests) {
    expect(await ask(port, line, { Host: `evil.example:${port}` })).toBe(421);
    expect(await ask(port, line, { Host: host, Origin: "http://evil.example" })).toBe(403);
    expect(await ask(port, line, { Host: host, "Sec-Fetch-Site": "cross-site" })).toBe(403);
  }
  expect(reasons).toHaveLength(3 * requests.length);
  await server.stop();
});
