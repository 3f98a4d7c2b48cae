import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "../connect/client.ts";
import { asNode } from "../lib/ids.ts";
import { OPERATIONS } from "../runtime/http/operations.ts";
import { ownCommand } from "../runtime/self.ts";
import { type Issued, issue, newAuthority, readAuthority } from "../security/authority.ts";
import { openAuthority } from "../security/cert-dir.ts";
import { NODE_DNS_NAME } from "../security/names.ts";
import { certsDir } from "../target/local-dir.ts";
import { until } from "../target/until.ts";
import { readAuthReply, writeAuth } from "../wire/auth.ts";
import { ByteWriter } from "../wire/bytes.ts";
import { writeClusterRequest } from "../wire/cluster-info.ts";
import { type Frame, FrameReader } from "../wire/frame.ts";
import { readHandshakeReply, writeHandshake } from "../wire/handshake.ts";
import { KIND } from "../wire/kinds.ts";
import { askAll } from "./cluster/show.ts";
import { type OpenCluster, openCluster } from "./cluster/open.ts";
import { seedsAt } from "./kv/run.ts";

// On a busy machine a process takes seconds to start.
setDefaultTimeout(60_000);

/**
 * An unauthenticated peer or client gets nothing and can do nothing: raw bytes to each port of a cluster that
 * `ordeal cluster start --tls` runs. What is refused is written to one log line a connection.
 */

const WRONG_TOKEN = "not-the-token-but-of-the-right-length-0";

let dir = "";
let cluster: OpenCluster;
let ca = "";
/** By whose name is told here; each is signed as it says. */
const shown = new Map<string, Issued>();

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "ordeal-secured-"));
  const events = { begun: () => {}, failed: () => {} };
  const options = { nodes: 3, storage: "memory", dir, faultyLinks: false, seed: 1 } as const;
  cluster = await openCluster({ ...options, tls: true }, events);
  ca = readFileSync(join(certsDir(dir), "ca.pem"), "utf8");
  const { clusterId } = cluster.record;
  const node = (id: number, of = clusterId) => ({ kind: "node", clusterId: of, id }) as const;
  const ours = await openAuthority(certsDir(dir));
  const made = await newAuthority(clusterId, 1);
  const rogue = await readAuthority(made.cert, made.key);
  const wanted = { hosts: [], days: 1 };
  shown.set("node 2, of another authority", await issue(rogue, { ...wanted, owner: node(2) }));
  shown.set("node 2", await issue(ours, { ...wanted, owner: node(2) }));
  shown.set("node 2 of another cluster", await issue(ours, { ...wanted, owner: node(2, "other") }));
  shown.set("node 2, long ago", await issue(ours, { ...wanted, days: -1, owner: node(2) }));
  const client = { kind: "client", clusterId, name: "someone" } as const;
  shown.set("a client", await issue(ours, { ...wanted, owner: client }));
}, 60_000);

afterAll(async () => {
  await cluster.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** "plain": no TLS; "": TLS without a certificate; else whose certificate is shown. */
type As = string;

/** Sends bytes, and resolves with all that comes back once the node has closed the connection. */
async function say(port: number, as: As, bytes: Uint8Array | string): Promise<Buffer> {
  const received: Buffer[] = [];
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const pair = shown.get(as);
  const tls = { ca, serverName: NODE_DNS_NAME, ...(pair && pair) };
  const send = (socket: Bun.Socket): void => void socket.write(bytes);
  const isPlain = as === "plain";
  await Bun.connect({
    hostname: "127.0.0.1",
    port,
    ...(!isPlain && { tls }),
    socket: {
      open: (socket) => {
        if (isPlain) send(socket);
      },
      handshake: (socket, isDone) => {
        if (isDone) send(socket);
      },
      data: (_socket, chunk) => void received.push(chunk),
      end: (socket) => socket.terminate(),
      close: () => resolve(),
      error: () => resolve(),
    },
  });
  await closed;
  return Buffer.concat(received);
}

function framesOf(bytes: Uint8Array): readonly Frame[] {
  const frames: Frame[] = [];
  new FrameReader().push(new Uint8Array(bytes), (frame) => frames.push(frame));
  return frames;
}

function frame(write: (w: ByteWriter) => void): Uint8Array {
  const w = new ByteWriter(64);
  write(w);
  return w.written();
}

const node = (id: number) => cluster.record.nodes.find((one) => one.id === id)!;

/** What node 1 has logged of connections and requests that it refused: from where, and why. */
const refusals = (): readonly string[] =>
  readFileSync(join(dir, "node-1", "node.log"), "utf8")
    .split("\n")
    .filter((line) => /"event":"(clientClosed|peerClosed|httpRefused)"/.test(line))
    .map((line) => JSON.parse(line) as { readonly reason: string; readonly from: string })
    .map(({ reason, from }) => `${from}: ${reason}`);

/** Runs it, and expects exactly these lines of the log to come of it. */
async function logging(reasons: readonly (string | RegExp)[], act: () => Promise<void>) {
  const before = refusals().length;
  await act();
  const logged = await until("the refusals are logged", 20_000, () => {
    const now = refusals().slice(before);
    return now.length >= reasons.length ? now : null;
  });
  expect(logged).toHaveLength(reasons.length);
  for (const [i, reason] of reasons.entries()) {
    expect(logged[i]!).toMatch(reason);
    expect(logged[i]!).toStartWith("127.0.0.1: ");
  }
}

/** Nothing but TLS' own word that it did not come about, at most. */
function expectAlert(bytes: Buffer): void {
  expect(bytes.length).toBeLessThanOrEqual(7);
  if (bytes.length > 0) expect(bytes[0]).toBe(0x15);
}

const PUT = '{"op":"put","key":"stolen","value":"1"}\n';
const NO_TLS = /TLS handshake failed/;

test("client port: in plain text nobody is answered, whatever is spoken", async () => {
  const spoken = [
    frame(writeClusterRequest),
    "SET stolen 1\r\n",
    "*3\r\n$3\r\nSET\r\n$6\r\nstolen\r\n$1\r\n1\r\n",
    PUT,
    "GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n",
  ];
  await logging(
    spoken.map(() => NO_TLS),
    async () => {
      for (const bytes of spoken) expectAlert(await say(node(1).clientPort, "plain", bytes));
    },
  );
});

test("client port: over TLS, without a token or with a wrong one, the refusal is all that comes", async () => {
  const { clientPort } = node(1);
  const strangers = [
    "",
    "node 2, of another authority",
    "node 2 of another cluster",
    "node 2, long ago",
  ];
  for (const as of strangers) {
    await logging(["no token was shown", "no token was shown", "no token was shown"], async () => {
      const [reply, ...more] = framesOf(await say(clientPort, as, frame(writeClusterRequest)));
      expect([reply!.kind, more]).toEqual([KIND.authReply, []]);
      expect(readAuthReply(reply!.body).refusal).toBe("no token was shown");
      expect(String(await say(clientPort, as, "SET stolen 1\r\nGET stolen\r\n"))).toBe(
        "-NOAUTH no token was shown\r\n",
      );
      const said = JSON.parse(String(await say(clientPort, as, PUT))) as object;
      expect(said).toMatchObject({ ok: false, error: { code: "unauthorized", definite: true } });
    });
  }
  const wrong = "the token is not right";
  await logging([wrong, wrong, wrong, wrong], async () => {
    const auth = Buffer.concat([
      frame((w) => writeAuth(w, WRONG_TOKEN)),
      frame(writeClusterRequest),
    ]);
    const replies = framesOf(await say(clientPort, "", auth));
    expect(replies.map(({ kind, body }) => [kind, readAuthReply(body)])).toEqual([
      [KIND.authReply, { refusal: wrong }],
    ]);
    expect(String(await say(clientPort, "", `AUTH ${WRONG_TOKEN}\r\nSET stolen 1\r\n`))).toBe(
      `-WRONGPASS ${wrong}\r\n`,
    );
    const hello = `HELLO 3 AUTH default ${WRONG_TOKEN}\r\nSET stolen 1\r\n`;
    expect(String(await say(clientPort, "", hello))).toBe(`-WRONGPASS ${wrong}\r\n`);
    const line = `${JSON.stringify({ auth: WRONG_TOKEN })}\n${PUT}`;
    expect(String(await say(clientPort, "", line))).toMatch(/^\{"ok":false.*\}\n$/);
  });
});

test("client port: who sends a lot before a token is cut off", async () => {
  await logging(["no token was shown", /no token within 1024 bytes/], async () => {
    const long = new Uint8Array(1 << 20);
    new DataView(long.buffer).setUint32(0, 1 << 20, true);
    expect(framesOf(await say(node(1).clientPort, "", long))).toHaveLength(1);
    await say(node(1).clientPort, "", `{"auth":"${"x".repeat(2000)}`);
  });
});

test("peer port: only a node's own certificate opens it, and only as that node", async () => {
  const { clusterId } = cluster.record;
  const hello = (from: number): Uint8Array =>
    frame((w) => writeHandshake(w, { clusterId, from: asNode(from), to: asNode(1) }));
  const { peerPort } = node(1);
  await logging([NO_TLS, NO_TLS, /another authority/, /has expired/], async () => {
    expectAlert(await say(peerPort, "plain", hello(2)));
    expect(await say(peerPort, "", hello(2))).toHaveLength(0);
    expect(await say(peerPort, "node 2, of another authority", hello(2))).toHaveLength(0);
    expect(await say(peerPort, "node 2, long ago", hello(2))).toHaveLength(0);
  });
  const cases = [
    ["node 2", 3, `node 2 of cluster "${clusterId}", not of node 3`],
    ["node 2 of another cluster", 2, `node 2 of cluster "other", not of node 2`],
    ["a client", 2, `client "someone" of cluster "${clusterId}", not of node 2`],
  ] as const;
  await logging(
    cases.map(([, , why]) => new RegExp(why)),
    async () => {
      for (const [as, from, why] of cases) {
        const [reply, ...more] = framesOf(await say(peerPort, as, hello(from)));
        expect([reply!.kind, more]).toEqual([KIND.handshakeReply, []]);
        expect(readHandshakeReply(reply!.body).refusal).toContain(why);
      }
    },
  );
});

test("http port: without the token nothing is served and nothing done", async () => {
  const { httpPort } = node(1);
  const plain = "PUT /kv/stolen HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n1";
  expectAlert(await say(httpPort, "plain", plain));
  const operations = Object.keys(OPERATIONS).map((route) => route.split(" ") as [string, string]);
  const requests = [...operations, ["GET", "/nowhere"], ["PUT", "/kv/stolen"]] as const;
  const cases = requests.flatMap(([method, path]) =>
    ["", `Bearer ${WRONG_TOKEN}`, `Basic ${btoa(`x:${WRONG_TOKEN}`)}`].map(
      (authorization) => [method, path, authorization] as const,
    ),
  );
  await logging(
    cases.map(() => /a token is needed/),
    async () => {
      for (const [method, path, authorization] of cases) {
        const answer = await fetch(`https://127.0.0.1:${httpPort}${path}`, {
          method,
          headers: authorization === "" ? {} : { authorization },
          ...(method !== "GET" && { body: '{"to":2}' }),
          tls: { ca },
        });
        expect([path, answer.status, Object.keys((await answer.json()) as object)]).toEqual([
          ...[path, 401],
          ["error", "definite", "fix"],
        ]);
      }
    },
  );
});

test("who shows the token, or a certificate of the cluster, is served; nothing had been changed", async () => {
  const { clusterId, nodes } = cluster.record;
  const statuses = await askAll(clusterId, nodes);
  expect(statuses.filter(({ role }) => role === "down")).toEqual([]);
  const { tls, token, ...seeds } = seedsAt({ dir });
  const ways = [
    { ...seeds, tls: { ca: tls!.ca }, token: token! },
    { ...seeds, tls: tls! },
  ];
  for (const way of ways) {
    await using db = await connect(way);
    expect(await db.get("stolen")).toBeNull();
    expect(await Array.fromAsync(db.scan())).toEqual([]);
    await db.put("mine", "1");
    expect((await db.get("mine"))?.value).toBe("1");
    await db.delete("mine");
  }
  const authed = (lines: string): Promise<Buffer> =>
    say(node(1).clientPort, "", `AUTH ${token!}\r\n${lines}QUIT\r\n`);
  expect(String(await authed("SET mine 2\r\nGET mine\r\n"))).toBe(
    "+OK\r\n+OK\r\n$1\r\n2\r\n+OK\r\n",
  );
  const secret = readFileSync(join(certsDir(dir), "token"), "utf8").trim();
  const lines = `${JSON.stringify({ auth: secret })}\n{"op":"get","key":"mine"}\n`;
  const { nodes: at } = seeds;
  expect(at).toHaveLength(3);
  expect(secret).toBe(token!);
  await sayAndEnd(node(2).clientPort, lines, 2).then((said) =>
    expect(said).toMatch(/^\{"ok":true\}\n\{"ok":true,"value":"2"/),
  );
});

/** As `say`, and closes itself once so many lines have come. */
async function sayAndEnd(port: number, text: string, lines: number): Promise<string> {
  let said = "";
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    tls: { ca, serverName: NODE_DNS_NAME },
    socket: {
      handshake: (opened) => void opened.write(text),
      data: (_socket, chunk) => {
        said += chunk.toString();
        if (said.split("\n").length > lines) resolve(said);
      },
      close: () => resolve(said),
    },
  });
  const all = await promise;
  socket.terminate();
  return all;
}

test("no log, file, report or process list shows a token or a key", async () => {
  const certs = certsDir(dir);
  const read = (file: string): string => readFileSync(join(certs, file), "utf8");
  const keys = readdirSync(certs).filter((file) => file.endsWith("-key.pem"));
  const secrets = [read("token").trim(), ...keys.map((file) => read(file).split("\n")[1]!)];
  expect(secrets.length).toBeGreaterThanOrEqual(6);
  const load = Bun.spawn(
    ownCommand("ordeal", ["load", "--dir", dir, "--duration", "1s", "--warmup", "0", "--json"]),
    { stdout: "pipe", stderr: "pipe" },
  );
  const shown: string[] = [];
  const looking = setInterval(() => shown.push(processList()), 100);
  shown.push(await load.stdout.text(), await load.stderr.text(), processList());
  clearInterval(looking);
  // 3: on a busy machine the generator itself may be what was measured.
  expect([0, 3]).toContain(await load.exited);
  const node = ["node", "--id", "1", "--config", join(dir, "config.json"), "--print-config"];
  for (const more of [[], ["--json"]]) {
    const env = { ...process.env, ORDEAL_TOKEN: secrets[0]! };
    const asked = Bun.spawn(ownCommand("ordeal", [...node, ...more]), { env, stdout: "pipe" });
    shown.push(await asked.stdout.text());
  }
  expect(shown.join("\n")).toContain("tokenFile");
  for (const path of new Bun.Glob("**/*").scanSync({ cwd: dir, dot: true })) {
    if (!path.startsWith("certs/")) shown.push(readFileSync(join(dir, path), "latin1"));
  }
  const all = shown.join("\n");
  for (const secret of secrets) expect(all.includes(secret)).toBe(false);
});

/** The command lines of all processes of this machine, as any user may read them. */
function processList(): string {
  if (!existsSync("/proc")) return "";
  const lines = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8");
      } catch {
        return ""; // It has ended.
      }
    });
  return lines.join("\n");
}
