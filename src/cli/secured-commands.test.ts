import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { freePorts } from "../runtime/free-ports.ts";
import { ownCommand } from "../runtime/self.ts";
import { ensureCluster } from "../security/cert-dir.ts";
import { newToken } from "../security/tokens.ts";
import { isInstalled } from "../target/external/binary.ts";
import { readLines } from "../target/json-lines.ts";
import { until } from "../target/until.ts";
import type { ClusterRecord } from "./cluster/record.ts";
import { endClusters } from "./testing/clusters.ts";

/**
 * What a person types against a cluster that `ordeal cluster start --tls` runs: every command that speaks to nodes, as
 * a process of its own, with what it needs and as a stranger. Raw bytes: unauthenticated.test.ts.
 */

// Some commands wait for nodes that catch up; on a busy machine a process takes seconds to start.
setDefaultTimeout(120_000);

const root = mkdtempSync(join(tmpdir(), "ordeal-secured-commands-"));
const dir = join(root, "c");
const certs = join(dir, "certs");
const rogue = join(root, "rogue");
const running: Subprocess[] = [];
/** All that any command has printed. */
const printed: string[] = [];

type Env = Readonly<Record<string, string>>;
/** As whom a command speaks that is told addresses only. */
const AS: Readonly<Record<"us" | "nobody" | "without a token" | "wrong token" | "wrong CA", Env>> =
  {
    us: { ORDEAL_TLS_CA: join(certs, "ca.pem"), ORDEAL_TOKEN_FILE: join(certs, "token") },
    nobody: {},
    "without a token": { ORDEAL_TLS_CA: join(certs, "ca.pem") },
    "wrong token": { ORDEAL_TLS_CA: join(certs, "ca.pem"), ORDEAL_TOKEN: newToken() },
    "wrong CA": { ORDEAL_TLS_CA: join(rogue, "ca.pem"), ORDEAL_TOKEN_FILE: join(rogue, "token") },
  };

function start(words: readonly string[], env: Env = {}) {
  const child = Bun.spawn(ownCommand("ordeal", words), {
    env: { ...process.env, ORDEAL_TOKEN: "", NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.push(child);
  return child;
}

async function ended(child: Subprocess<"ignore", "pipe", "pipe">) {
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  printed.push(out, err);
  return { code: await child.exited, out, err };
}

/** What it prints, once it has ended well. */
async function ordeal(words: readonly string[], env: Env = {}): Promise<string> {
  const { code, out, err } = await ended(start(words, env));
  expect([words, code, code === 0 ? "" : err]).toEqual([words, 0, ""]);
  return out;
}

const record = (): ClusterRecord =>
  JSON.parse(readFileSync(join(dir, "cluster.json"), "utf8")) as ClusterRecord;
const addresses = (port: "clientPort" | "httpPort"): string =>
  record()
    .nodes.map((node) => `${node.host}:${node[port]}`)
    .join(",");

beforeAll(async () => {
  await ensureCluster(rogue, "rogue", [{ id: 9, hosts: [] }], 1);
  const cluster = start(["cluster", "start", "-n", "3", "--dir", dir, "--tls"]);
  for await (const line of readLines(cluster.stdout)) if (line.startsWith("storage")) break;
});
afterAll(async () => {
  for (const child of running) child.kill("SIGKILL");
  await Promise.all(running.map((child) => child.exited));
  endClusters(root);
  rmSync(root, { recursive: true, force: true });
});

const LOAD = ["--duration", "500ms", "--warmup", "0", "--rate", "50", "--clients", "4", "--json"];
type Loaded = { readonly result: { readonly counts: { readonly ok: number } } };
/** Again, where a machine was so busy that nothing was answered in so short a time. */
const takesLoad = (words: readonly string[], env: Env = {}): Promise<boolean> =>
  until("a load gets through", 60_000, async () => {
    const { result } = JSON.parse(await ordeal(words, env)) as Loaded;
    return result.counts.ok > 0;
  });

test("secured: commands with --dir find what they need there", async () => {
  const at = ["--dir", dir];
  await ordeal(["kv", "put", ...at, "colour", "green"]);
  expect(await ordeal(["kv", "get", ...at, "colour"])).toBe("green\n");
  expect(await ordeal(["cluster", "status", ...at])).toContain("leader");
  expect(await ordeal(["watch", ...at, "--once", "--json"])).toContain('"role":"leader"');
  await takesLoad(["load", ...at, ...LOAD]);
});

test("secured: commands with --nodes find it in the environment", async () => {
  const [client, http] = [addresses("clientPort"), addresses("httpPort")];
  expect(await ordeal(["kv", "get", "--nodes", client, "colour"], AS.us)).toBe("green\n");
  await takesLoad(["load", "--nodes", client, ...LOAD], AS.us);
  expect(await ordeal(["watch", "--nodes", http, "--once", "--json"], AS.us)).toContain('"leader"');
  expect(await ordeal(["healthz", "--http", http.split(",")[0]!], AS.us)).toContain("leaderId");
});

/** What each stranger is told, by a command that speaks to client ports and by one to HTTP ports. */
const TOLD = [
  ["nobody", /it speaks TLS/, /does it speak TLS\? Then set ORDEAL_TLS_CA/],
  ["without a token", /no token was shown/, /the token is not right/],
  ["wrong token", /the token is not right/, /the token is not right/],
  ["wrong CA", /certificate is of another authority/, /certificate is of another authority/],
] as const;

for (const [stranger, byClient, byHttp] of TOLD) {
  test(`secured: ${stranger}: every command says what is wrong, and none does anything`, async () => {
    const [client, http] = [addresses("clientPort"), addresses("httpPort")];
    const out = join(root, "stolen.obak");
    const cases = [
      [["kv", "put", "--nodes", client, "colour", "red"], byClient, 3],
      [["load", "--nodes", client, ...LOAD], byClient, 64],
      [["watch", "--nodes", http, "--once"], byHttp, 64],
      [["cluster", "backup", "--nodes", http, "--out", out], byHttp, 64],
    ] as const;
    const said = await Promise.all(cases.map(([words]) => ended(start(words, AS[stranger]))));
    for (const [i, { code, err }] of said.entries()) {
      const [words, told, exit] = cases[i]!;
      expect([words, code]).toEqual([words, exit]);
      expect(err).toMatch(told);
    }
    expect(
      (await ended(start(["healthz", "--http", http.split(",")[0]!], AS[stranger]))).code,
    ).toBe(3);
    expect(await ordeal(["kv", "get", "--dir", dir, "colour"])).toBe("green\n");
    expect(readdirSync(root)).not.toContain("stolen.obak");
  });
}

/** The flags of a node that joins, on ports that were free. */
function joining(id: number, shown: { readonly of: number; readonly at: string; token?: string }) {
  const { of, at, token = join(at, "token") } = shown;
  const [peer, client, http] = freePorts(3).map((port) => `127.0.0.1:${port}`);
  return [
    ...["node", "--id", `${id}`, "--data-dir", join(root, `by-hand-${id}`)],
    ...["--listen-peer", peer!, "--listen-client", client!, "--listen-http", http!],
    ...["--join", addresses("httpPort"), "--tls-ca", join(at, "ca.pem"), "--token-file", token],
    ...["--tls-cert", join(at, `node-${of}.pem`), "--tls-key", join(at, `node-${of}-key.pem`)],
  ];
}

test("secured: a node joins with its own certificate and the token, and with nothing less", async () => {
  await ordeal(["certs", "node", "--dir", certs, "--id", "9"]);
  const token = join(rogue, "token");
  const refused = [
    [joining(8, { of: 9, at: certs }), "is of node 9 of cluster"],
    [joining(9, { of: 9, at: rogue }), "another authority"],
    [joining(9, { of: 9, at: certs, token }), "the token is not right"],
    [
      joining(9, { of: 9, at: certs }).filter(
        (word) => !/^--tls|\.pem$|^--token|token$/.test(word),
      ),
      "TLS",
    ],
  ] as const;
  const said = await Promise.all(refused.map(([words]) => ended(start(words))));
  for (const [i, { code, err }] of said.entries()) {
    expect([code, err]).toEqual([64, expect.stringContaining(refused[i]![1])]);
  }
  const node = start(joining(9, { of: 9, at: certs }));
  const { value } = await readLines(node.stdout).next();
  expect(JSON.parse(value ?? "null")).toMatchObject({ ready: true, id: 9 });
  await until("it is a member", 60_000, async () =>
    (await ordeal(["watch", "--dir", dir, "--once", "--json"])).includes('"id":9'),
  );
  await ordeal(["cluster", "remove", "--dir", dir, "--node", "9"]);
  node.kill();
  await node.exited;
});

test("secured: chaos with --attach loads and judges it by the credentials of its file", async () => {
  const { nodes, credentials } = record();
  const attached = join(root, "attach.json");
  const named = nodes.map(({ pid: _, ...node }) => node);
  const calm = join(root, "calm.ts");
  const dsl = join(import.meta.dir, "../chaos/dsl.ts");
  writeFileSync(
    calm,
    `import { completed, defineScenario, mixedLoad } from ${JSON.stringify(dsl)};
     export default defineScenario({ name: "calm", about: "Nothing happens.",
       cluster: { nodes: 3, storage: "disk" }, workload: mixedLoad({ rate: 50, clients: 8, connections: 4 }),
       durationMs: 1000, faults: [], recoverWithinMs: 60_000,
       expect: ["linearizable"], aim: [completed(1)] });`,
  );
  const words = ["chaos", "run", calm, "--attach", attached, "--reports", join(root, "reports")];
  writeFileSync(attached, JSON.stringify({ nodes: named, clear: true }));
  expect((await ended(start(words))).err).toContain("give credentials");
  writeFileSync(attached, JSON.stringify({ nodes: named, clear: true, credentials }));
  const { code, out, err } = await ended(start([...words, "--json"]));
  // 3: on a busy machine the generator itself may be what was measured.
  if (code !== 0 && code !== 3) throw new Error(`exit code ${code}: ${err}`);
  expect(JSON.parse(out)).toBeObject();
});

test("secured: the dashboard shows and loads it, for who has its token and for no other page", async () => {
  const child = start(["dashboard", "--dir", dir, "--no-open", "--port", "0"]);
  const { value = "" } = await readLines(child.stdout).next();
  const [, origin = "", token = ""] = /(http:\/\/\S+)\/#token=(\S+)/.exec(value) ?? [];
  const post = (path: string, headers: Env, body = "{}") =>
    fetch(`${origin}${path}`, { method: "POST", headers, body }).then(({ status }) => status);
  const ours = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const load = JSON.stringify({ clients: 2, rate: 50, reads: 0.5 });
  const other = { origin: "http://elsewhere.example" };
  const strangers = [
    [{ host: "elsewhere.example" }, 421],
    [other, 403],
    [{ ...other, ...ours }, 403],
    [{ "sec-fetch-site": "cross-site", ...ours }, 403],
    [{ origin }, 401],
  ] as const;
  for (const [headers, status] of strangers) {
    expect([headers, await post("/api/live/load/start", headers, load)]).toEqual([headers, status]);
    expect([headers, await post("/api/live/stop", headers)]).toEqual([headers, status]);
  }
  expect(await post("/api/live/load/start", ours, load)).toBe(200);
  const stream = await fetch(`${origin}/api/live/stream`, { headers: ours });
  let seen = "";
  for await (const chunk of stream.body!) {
    seen += Buffer.from(chunk).toString();
    if (/"total":\{"ok":[1-9]/.test(seen) && seen.includes('"role":"leader"')) break;
  }
  expect(await post("/api/live/load/stop", ours)).toBe(200);
  child.kill("SIGINT");
  await child.exited;
});

if (Bun.which("redis-cli") !== null && isInstalled("redis-server", "RESP over TLS")) {
  test("secured: redis-cli speaks to it over TLS with the token, and without it not", async () => {
    const { clientPort } = record().nodes[0]!;
    const redis = (env: Env, ...words: readonly string[]) => {
      const tls = ["--tls", "--cacert", join(certs, "ca.pem"), "-p", `${clientPort}`];
      const { stdout } = Bun.spawnSync(["redis-cli", ...tls, ...words], {
        env: { PATH: process.env["PATH"] ?? "", ...env },
        stderr: "ignore",
      });
      return stdout.toString().trim();
    };
    const secret = readFileSync(join(certs, "token"), "utf8").trim();
    expect(redis({ REDISCLI_AUTH: secret }, "get", "colour")).toBe("green");
    expect(redis({}, "get", "colour")).toBe("NOAUTH no token was shown");
  });
}

test("secured: shards move between the nodes of a sharded one, and strangers move none", async () => {
  const at = join(root, "sharded");
  const shape = ["--groups", "2", "--replicas", "1", "--shards", "4", "--storage", "memory"];
  const cluster = start(["cluster", "start", "-n", "2", "--dir", at, "--tls", ...shape]);
  for await (const line of readLines(cluster.stdout)) if (line.startsWith("storage")) break;
  for (const key of ["a", "b", "c", "d", "e", "f"]) {
    await ordeal(["kv", "put", "--dir", at, key, key.repeat(3)]);
  }
  const { nodes } = JSON.parse(readFileSync(join(at, "cluster.json"), "utf8")) as ClusterRecord;
  const named = nodes.map(({ host, clientPort }) => `${host}:${clientPort}`).join(",");
  const stranger = await ended(start(["shards", "leave", "--nodes", named, "--groups", "2"]));
  expect([stranger.code, stranger.err]).toEqual([64, expect.stringContaining("it speaks TLS")]);
  await ordeal(["shards", "leave", "--dir", at, "--groups", "2", "--wait"]);
  expect(await ordeal(["kv", "get", "--dir", at, "e"])).toBe("eee\n");
  await ordeal(["cluster", "stop", "--dir", at]);
});

test("secured: backup, rolling restart, restore and recovery", async () => {
  const copy = join(root, "copy");
  const backup = join(root, "monday.obak");
  await ordeal(["cluster", "backup", "--dir", dir, "--out", backup]);
  await ordeal(["cluster", "restart", "--rolling", "--dir", dir]);
  await ordeal(["cluster", "restore", backup, "--dir", copy, "-n", "1"]);
  await ordeal(["cluster", "stop", "--dir", dir]);
  await ordeal(["cluster", "recover", "--dir", dir, "--survivor", "2", "--yes-i-may-lose-data"]);
  for (const of of [copy, dir]) {
    const cluster = start(["cluster", "start", "-n", "1", "--dir", of, "--tls"]);
    for await (const line of readLines(cluster.stdout)) if (line.startsWith("storage")) break;
    expect(await ordeal(["kv", "get", "--dir", of, "colour"])).toBe("green\n");
  }
  // The old token and certificates are not those of the new cluster.
  const { clientPort } = record().nodes[0]!;
  expect(readdirSync(dir).filter((name) => name.startsWith("certs"))).toHaveLength(2);
  const old = readdirSync(dir).find((name) => name.startsWith("certs") && name !== "certs")!;
  const env = {
    ORDEAL_TLS_CA: join(dir, old, "ca.pem"),
    ORDEAL_TOKEN_FILE: join(dir, old, "token"),
  };
  const at = ["kv", "get", "--nodes", `127.0.0.1:${clientPort}`, "colour"];
  expect((await ended(start(at, env))).err).toContain("another authority");
});

test("secured: no command has printed, and no file holds, a token or a key", () => {
  const folders = [certs, rogue, join(root, "copy", "certs")];
  const secrets = folders.flatMap((folder) => {
    const read = (file: string): string => readFileSync(join(folder, file), "utf8");
    const keys = readdirSync(folder).filter((file) => file.endsWith("-key.pem"));
    return [read("token").trim(), ...keys.map((file) => read(file).split("\n")[1]!)];
  });
  secrets.push(AS["wrong token"]["ORDEAL_TOKEN"]!);
  expect(secrets.length).toBeGreaterThan(10);
  const isOfCerts = (path: string): boolean => /(^|\/)(certs[^/]*|rogue)\//.test(path);
  const files = [...new Bun.Glob("**/*").scanSync({ cwd: root, dot: true })].filter(
    (path) => !isOfCerts(path),
  );
  expect(files.length).toBeGreaterThan(10);
  const all = [...printed, ...files.map((path) => readFileSync(join(root, path), "latin1"))];
  const leaks = all.filter((text) => secrets.some((secret) => text.includes(secret)));
  expect(leaks).toEqual([]);
});
