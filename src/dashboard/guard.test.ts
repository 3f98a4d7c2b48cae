import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Hono } from "hono";
import { networkInterfaces } from "node:os";
import type { Asked } from "./guard.ts";
import { type DashboardServer, serveDashboard } from "./server.ts";

const TOKEN = "the-token-of-this-test";
let server: DashboardServer;
/** Who asked for something to be done. */
const did: string[] = [];

beforeAll(() => {
  const app = new Hono<{ Variables: Asked }>();
  app.get("/secret", (c) => c.json({ secret: 42 }));
  app.post("/crash", (c) => {
    did.push(c.get("by"));
    return c.json({ ok: true });
  });
  const files = new Hono<{ Variables: Asked }>();
  files.get("/a.html", (c) => c.text("a report"));
  server = serveDashboard(
    0,
    [
      { path: "/api/part", app },
      { path: "/reports", app: files },
    ],
    TOKEN,
  );
});
afterAll(() => server.stop());

type Reply = { readonly status: number; readonly head: string; readonly body: string };

/** Sends exactly these lines over a socket, as no browser and no library would touch them up. */
async function raw(lines: readonly string[], body = ""): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = "";
  const request = [...lines, `Content-Length: ${body.length}`, "Connection: close", "", body];
  await Bun.connect({
    hostname: "127.0.0.1",
    port: server.port,
    socket: {
      open: (socket) => void socket.write(request.join("\r\n")),
      data: (_, chunk) => {
        text += chunk.toString();
      },
      close: () => resolve(text),
      error: (_, error) => reject(error),
    },
  });
  const said = await promise;
  const [head = "", ...rest] = said.split("\r\n\r\n");
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]), head, body: rest.join("\r\n\r\n") };
}

const host = (): string => `Host: 127.0.0.1:${server.port}`;
const origin = (): string => `Origin: http://127.0.0.1:${server.port}`;
const bearer = `Authorization: Bearer ${TOKEN}`;
const CRASH = "POST /api/part/crash HTTP/1.1";

/** The cookie of a new session, as a browser would send it back. */
async function signIn(): Promise<string> {
  const { head } = await raw(
    ["POST /session HTTP/1.1", host(), origin()],
    JSON.stringify({ token: TOKEN }),
  );
  return `Cookie: ${/^set-cookie: ([^;]+)/im.exec(head)![1]!}`;
}

describe("dashboard guard", () => {
  test("a request without the token learns nothing and does nothing", async () => {
    for (const path of ["/api/part/secret", "/api/session", "/reports/a.html", "/api/none"]) {
      const reply = await raw([`GET ${path} HTTP/1.1`, host()]);
      expect([path, reply.status]).toEqual([path, 401]);
      expect(reply.body).not.toContain("42");
    }
    for (const wrong of ["", "Bearer", "Bearer x", `Basic ${TOKEN}`, `Bearer ${TOKEN}x`]) {
      const reply = await raw([CRASH, host(), origin(), `Authorization: ${wrong}`]);
      expect([wrong, reply.status]).toEqual([wrong, 401]);
    }
    const cookie = `Cookie: ordeal-${server.port}=${TOKEN}; other=1`;
    expect((await raw([CRASH, host(), origin(), cookie])).status).toBe(401);
    expect(did).toEqual([]);
  });

  test("a foreign name that points here (DNS rebinding) is refused, with the token too", async () => {
    const names = ["evil.example", `evil.example:${server.port}`, "127.0.0.1", "127.0.0.1:1", ""];
    for (const name of names) {
      const lines = [`Host: ${name}`, origin(), bearer];
      for (const first of [CRASH, "GET /api/part/secret HTTP/1.1", "GET / HTTP/1.1"]) {
        const { status } = await raw([first, ...lines]);
        expect([name, first, status]).toEqual([name, first, 421]);
      }
    }
    expect(did).toEqual([]);
  });

  test("a page of another origin does nothing with a person's cookie", async () => {
    const cookie = await signIn();
    const others = [
      "Origin: http://evil.example",
      "Origin: null",
      `Origin: https://127.0.0.1:${server.port}`,
      `Origin: http://127.0.0.1:${server.port + 1}`,
      `Origin: http://localhost:${server.port}`,
      "X-Origin: none",
    ];
    for (const other of others) {
      const { status } = await raw([CRASH, host(), cookie, other]);
      expect([other, status]).toEqual([other, 403]);
    }
    for (const site of ["cross-site", "same-site"]) {
      const lines = ["GET /api/part/secret HTTP/1.1", host(), cookie, `Sec-Fetch-Site: ${site}`];
      expect([site, (await raw(lines)).status]).toEqual([site, 403]);
    }
    expect(did).toEqual([]);
  });

  test("the token gets a cookie that scripts and other sites never see; a wrong one gets none", async () => {
    const lines = ["POST /session HTTP/1.1", host(), origin()];
    for (const body of ["", "{}", "[]", '{"token":1}', '{"token":"wrong"}']) {
      const { status, head } = await raw(lines, body);
      expect([body, status]).toEqual([body, 401]);
      expect(head.toLowerCase()).not.toContain("set-cookie");
    }
    const { head } = await raw(lines, JSON.stringify({ token: TOKEN }));
    expect(head).toMatch(/^set-cookie: ordeal-\d+=[^;]+; Path=\/; HttpOnly; SameSite=Strict\r?$/im);
    expect(head).not.toContain(TOKEN);
    const stolen = [lines[0]!, lines[1]!, "Origin: http://evil.example"];
    expect((await raw(stolen, JSON.stringify({ token: TOKEN }))).status).toBe(403);
  });

  test("our page with its cookie, and a program with the token, are served; each is told apart", async () => {
    const cookie = await signIn();
    const secret = await raw(["GET /api/part/secret HTTP/1.1", host(), cookie]);
    expect([secret.status, secret.body]).toEqual([200, '{"secret":42}']);
    expect((await raw(["GET /reports/a.html HTTP/1.1", host(), cookie])).body).toBe("a report");
    expect((await raw([CRASH, host(), origin(), cookie])).status).toBe(200);
    expect((await raw([CRASH, host(), bearer])).status).toBe(200);
    expect(did[0]).toMatch(/^page \d+$/);
    expect(did[1]).toBe("token");
  });

  test("the page itself holds no secret and allows no script but its own", async () => {
    const { status, head, body } = await raw(["GET / HTTP/1.1", host()]);
    expect(status).toBe(200);
    expect(body).not.toContain(TOKEN);
    const policy = /^content-security-policy: (.+)$/im.exec(head)![1]!;
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain("unsafe");
    expect(head).toMatch(/^x-content-type-options: nosniff/im);
    // Nothing inline that the policy would have to allow.
    expect(body).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/);
    const script = /src="(\/[^"]+\.js)"/.exec(body)![1]!;
    const code = await raw([`GET ${script} HTTP/1.1`, host()]);
    expect(code.head).toMatch(/^content-type: text\/javascript/im);
  });

  test("it listens on loopback only", async () => {
    const outer = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .find(({ internal, family }) => !internal && family === "IPv4");
    expect(server.url).toStartWith(`http://127.0.0.1:${server.port}/#token=`);
    if (outer === undefined) return;
    const url = `http://${outer.address}:${server.port}/`;
    await expect(fetch(url, { signal: AbortSignal.timeout(10_000) })).rejects.toThrow();
  });
});
