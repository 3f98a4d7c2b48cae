import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownCommand } from "../runtime/self.ts";

// On a busy machine a process takes seconds to start.
setDefaultTimeout(60_000);

const root = mkdtempSync(join(tmpdir(), "ordeal-certs-"));
const dir = join(root, "certs");
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function ordeal(...args: string[]) {
  const child = Bun.spawn(ownCommand("ordeal", args), { stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, out, err };
}

type Shown = {
  readonly certificates: readonly {
    readonly file: string;
    readonly owner: string;
    readonly daysLeft: number;
    readonly fingerprint: string;
    readonly hosts: string;
  }[];
  readonly tokens: number;
};

async function show(): Promise<Shown> {
  const { out } = await ordeal("certs", "show", "--dir", dir, "--json");
  return JSON.parse(out) as Shown;
}

test("certs: makes what a cluster needs, keeps secrets for their owner, and makes only what is missing", async () => {
  const args = ["certs", "create", "--dir", dir, "--cluster", "demo", "--nodes", "1-2"];
  expect((await ordeal(...args, "--host", "1=10.0.0.1", "--host", "1=db.example")).code).toBe(0);
  const files = readdirSync(dir).toSorted();
  const pairs = ["ca", "client", "node-1", "node-2"].flatMap((n) => [`${n}-key.pem`, `${n}.pem`]);
  expect(files).toEqual([...pairs, "token"].toSorted());
  for (const file of files) {
    const isSecret = file === "token" || file.endsWith("-key.pem");
    expect([file, statSync(join(dir, file)).mode & 0o777]).toEqual([
      file,
      isSecret ? 0o600 : 0o644,
    ]);
  }
  const { certificates, tokens } = await show();
  expect(tokens).toBe(1);
  const one = certificates.find(({ file }) => file === "node-1.pem")!;
  expect(one.owner).toBe('node 1 of cluster "demo"');
  for (const host of ["node.ordeal", "localhost", "127.0.0.1", "10.0.0.1", "db.example"]) {
    expect(one.hosts.split(" ")).toContain(host);
  }
  const before = readFileSync(join(dir, "node-1.pem"), "utf8");
  const again = [...args.slice(0, -1), "1-3"];
  expect((await ordeal(...again)).code).toBe(0);
  expect(readFileSync(join(dir, "node-1.pem"), "utf8")).toBe(before);
  expect(existsSync(join(dir, "node-3.pem"))).toBe(true);
  const other = await ordeal("certs", "create", "--dir", dir, "--cluster", "b", "--nodes", "1");
  expect([other.code, other.err]).toEqual([64, expect.stringContaining('of cluster "demo"')]);
  const bad = await ordeal("certs", "create", "--dir", dir, "--cluster", "", "--nodes", "x");
  expect([bad.code, bad.err.match(/fix:/g)?.length]).toEqual([64, 2]);
});

test("certs: renews for the same owner and hosts, and a new token comes before the old one", async () => {
  const before = await show();
  const token = readFileSync(join(dir, "token"), "utf8");
  expect((await ordeal("certs", "renew", "--dir", dir)).out).toContain("none ends");
  expect(await show()).toEqual(before);
  await ordeal("certs", "renew", "--dir", dir, "--within", "9999", "--days", "10");
  const added = await ordeal("certs", "token", "--dir", dir);
  const after = await show();
  expect(after.tokens).toBe(2);
  const lines = readFileSync(join(dir, "token"), "utf8").split("\n");
  expect(`${lines[1]}\n`).toBe(token);
  for (const line of lines.slice(0, 2)) expect(added.out).not.toContain(line);
  for (const [i, one] of after.certificates.entries()) {
    const { file, owner, hosts, fingerprint } = before.certificates[i]!;
    expect([one.file, one.owner, one.hosts]).toEqual([file, owner, hosts]);
    const isKept = file === "ca.pem";
    expect([file, one.fingerprint === fingerprint]).toEqual([file, isKept]);
    if (!isKept) expect(one.daysLeft).toBeLessThanOrEqual(10);
  }
  expect((await ordeal("certs", "show", "--dir", dir)).code).toBe(3);
});

test("certs: openssl, where there is one, finds them sound, and a client's no good for a server", async () => {
  expect((await ordeal("certs", "client", "--dir", dir, "--name", "billing")).code).toBe(0);
  expect((await ordeal("certs", "client", "--dir", dir, "--name", "node-7")).code).toBe(64);
  if (Bun.which("openssl") === null) return;
  const verify = async (purpose: string, file: string): Promise<string> => {
    const ca = ["-CAfile", join(dir, "ca.pem"), "-purpose", purpose, "-x509_strict"];
    const child = Bun.spawn(["openssl", "verify", ...ca, join(dir, file)], {
      ...{ stdout: "pipe", stderr: "pipe" },
    });
    return (await child.stdout.text()) + (await child.stderr.text());
  };
  for (const file of ["node-1.pem", "node-3.pem"]) {
    expect(await verify("sslserver", file)).toEndWith(": OK\n");
    expect(await verify("sslclient", file)).toEndWith(": OK\n");
  }
  expect(await verify("sslclient", "billing.pem")).toEndWith(": OK\n");
  expect(await verify("sslserver", "billing.pem")).toContain("purpose");
});
