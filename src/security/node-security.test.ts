import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../lib/user-error.ts";
import { ensureCluster, keyFile, nodeSettingsOf, openAuthority, writePair } from "./cert-dir.ts";
import { loadNodeSecurity, type SecuritySettings } from "./node-security.ts";

const clusterId = "demo";
const NODE = { id: 1, clusterId };
let dir = "";
let other = "";

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "ordeal-node-security-"));
  other = join(dir, "other");
  const nodes = [1, 2].map((id) => ({ id, hosts: [] }));
  await ensureCluster(dir, clusterId, nodes, 30);
  await ensureCluster(other, clusterId, nodes, 30);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const problemsOf = (settings: SecuritySettings, owner = NODE, env = {}): readonly string[] => {
  try {
    loadNodeSecurity(settings, owner, env);
    return [];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return error.problems.map(({ where, what }) => `${where}: ${what}`);
  }
};

test("node security: a directory of certificates is all that a node needs", () => {
  const settings = nodeSettingsOf(dir);
  const token = readFileSync(settings.tokenFile, "utf8").trim();
  for (const id of [1, 2]) {
    const security = loadNodeSecurity(settings, { id, clusterId }, {})!;
    expect([security.clientAuth, security.tokens!.accepts(token)]).toEqual(["token", true]);
    expect(security.cert).toBe(readFileSync(join(dir, `node-${id}.pem`), "utf8"));
    expect(security.credentials.token).toBe(token);
  }
  expect(loadNodeSecurity({ tls: settings.tls }, NODE, {})).toMatchObject({
    ...{ clientAuth: "cert", tokens: null },
  });
  expect(loadNodeSecurity({ tls: settings.tls }, NODE, { ORDEAL_TOKEN: token })!.clientAuth).toBe(
    "token",
  );
  expect(loadNodeSecurity({}, NODE, {})).toBeNull();
});

test("node security: a certificate of another node, cluster, authority or time is refused", async () => {
  const { tls, tokenFile } = nodeSettingsOf(dir);
  const own = { tls, tokenFile };
  expect(problemsOf({ ...own, tls: { ...tls, cert: join(dir, "node-2.pem") } })).toEqual([
    `tls.key (${keyFile(dir, "node-1")}): is not the key of the certificate`,
  ]);
  const two = { ...tls, cert: join(dir, "node-2.pem"), key: keyFile(dir, "node-2") };
  expect(problemsOf({ ...own, tls: two })[0]).toContain('is of node 2 of cluster "demo", not of');
  expect(problemsOf(own, { id: 1, clusterId: "else" })[0]).toContain(
    'not of node 1 of cluster "else"',
  );
  const theirs = nodeSettingsOf(other).tls;
  expect(problemsOf({ ...own, tls: { ...theirs, ca: tls.ca } })[0]).toContain(
    "none of the authorities",
  );
  const authority = await openAuthority(dir);
  const owner = { kind: "node", clusterId, id: 1 } as const;
  await writePair(dir, "ended", authority, { owner, hosts: [], days: -1 });
  const ended = { ...tls, cert: join(dir, "ended.pem"), key: keyFile(dir, "ended") };
  expect(problemsOf({ ...own, tls: ended })[0]).toContain("was valid until");
});

test("node security: keys that others may read, and settings that fight, are all told at once", () => {
  const { tls, tokenFile } = nodeSettingsOf(dir);
  const key = join(dir, "open-key.pem");
  const token = join(dir, "open-token");
  copyFileSync(keyFile(dir, "node-1"), key);
  copyFileSync(tokenFile, token);
  chmodSync(key, 0o644);
  chmodSync(token, 0o604);
  const said = problemsOf({ tls: { ...tls, key }, tokenFile: token });
  expect(said).toHaveLength(2);
  for (const one of said) expect(one).toContain("is open to others");
  const secret = readFileSync(key, "utf8").split("\n")[1]!;
  expect(said.join()).not.toContain(secret);
  expect(problemsOf({ clientAuth: "token", tokenFile })).toEqual([
    'clientAuth: "token" needs TLS',
    "tokenFile: a token would be sent in plain text",
  ]);
  expect(problemsOf({ tls, clientAuth: "token" })).toEqual([
    "clientAuth: clients are to show a token, and there is none",
  ]);
  expect(problemsOf({ tls }, NODE, { NODE_TLS_REJECT_UNAUTHORIZED: "0" })).toHaveLength(1);
  writeFileSync(join(dir, "no.pem"), "hello");
  expect(problemsOf({ tls: { ...tls, ca: join(dir, "no.pem") }, tokenFile })[0]).toContain(
    "holds no certificate",
  );
});
