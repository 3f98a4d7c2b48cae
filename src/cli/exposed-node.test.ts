import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "../runtime/free-ports.ts";
import { ownCommand } from "../runtime/self.ts";
import { ensureCluster, nodeSettingsOf } from "../security/cert-dir.ts";
import { readLines } from "../target/json-lines.ts";

// On a busy machine a process takes seconds to start.
setDefaultTimeout(60_000);

const root = mkdtempSync(join(tmpdir(), "ordeal-exposed-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function start(flags: readonly string[]) {
  const [peer, client, http] = freePorts(3);
  const at = ["--listen-peer", `127.0.0.1:${peer}`, "--listen-client", `127.0.0.1:${client}`];
  const open = ["--listen-http", `0.0.0.0:${http}`, "--voters", "1", "--storage", "memory"];
  const named = ["node", "--id", "1", "--cluster", "demo", "--data-dir", join(root, "data")];
  return Bun.spawn(ownCommand("ordeal", [...named, ...at, ...open, ...flags]), {
    ...{ stdin: "ignore", stdout: "pipe", stderr: "pipe" },
  });
}

test("node: without TLS and authentication it refuses to bind beyond loopback, and says what to do", async () => {
  const child = start([]);
  expect(await child.exited).toBe(64);
  const said = await child.stderr.text();
  expect(said).toContain("httpPort on 0.0.0.0");
  expect(said).not.toContain("clientPort");
  for (const way of ["tls", "clientAuth", "127.0.0.1", "--insecure"]) expect(said).toContain(way);
});

test("node: --insecure, or TLS with a token, lets it; TLS without authentication does not", async () => {
  const certs = join(root, "certs");
  await ensureCluster(certs, "demo", [{ id: 1, hosts: [] }], 30);
  const { tls, tokenFile } = nodeSettingsOf(certs);
  const secured = ["--tls-ca", tls.ca, "--tls-cert", tls.cert, "--tls-key", tls.key];
  for (const flags of [["--insecure"], [...secured, "--token-file", tokenFile], secured]) {
    const child = start(flags);
    const { value } = await readLines(child.stdout).next();
    expect(JSON.parse(value ?? "null")).toMatchObject({ ready: true, id: 1 });
    child.kill();
    expect(await child.exited).toBe(0);
  }
  const open = start([...secured, "--client-auth", "none"]);
  expect([await open.exited, await open.stderr.text()]).toEqual([
    64,
    expect.stringContaining("clientAuth none"),
  ]);
});
