import { afterAll, afterEach, expect, test } from "bun:test";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../lib/user-error.ts";
import { tempDir } from "../testing/cluster.ts";
import { type DnsServer, dnsServer, type Zone } from "../testing/dns-server.ts";
import { parseSource } from "./source.ts";

const dir = tempDir();
let server: DnsServer | null = null;
afterEach(() => {
  server?.stop();
  server = null;
});
afterAll(() => dir.remove());

const problemsOf = (text: string): readonly string[] => {
  try {
    parseSource(text, "--peers");
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return error.problems.map(({ where, what }) => `${where}: ${what}`);
  }
  return [];
};
const serve = async (zone: Zone): Promise<DnsServer> => (server = await dnsServer(zone));

test("source: a list, with and without a scheme, with ids and without", async () => {
  const seeds = [
    { host: "a", port: 1 },
    { host: "::1", port: 2 },
  ];
  for (const text of ["a:1,[::1]:2", "list:a:1, [::1]:2", "static:a:1,[::1]:2,"]) {
    const source = parseSource(text, "--peers");
    expect([await source.resolve(), source.ids]).toEqual([seeds, [1, 2]]);
  }
  const named = parseSource("7=a:1,3=localhost:2", "--peers");
  expect(named.ids).toEqual([7, 3]);
  expect(await named.resolve()).toEqual([
    { host: "a", port: 1, id: 7 },
    { host: "localhost", port: 2, id: 3 },
  ]);
});

test("source: every mistake in it is told, and where", () => {
  expect(problemsOf("a:1,b,c:99999,0=d:1")).toEqual([
    '--peers: "b" is no address of a node',
    '--peers: "c:99999" is no address of a node',
    '--peers: "0=d:1" is no address of a node',
  ]);
  expect(problemsOf("1=a:1,b:2")).toEqual(["--peers: names some ids only"]);
  expect(problemsOf("list:")).toEqual(["--peers: names no node"]);
  const one: readonly [text: string, says: string][] = [
    ["consul://a", "no such scheme"],
    ["dns+a://ordeal", "needs the HTTP port"],
    ["dns+a://:7301", "is not a URL"],
    ["dns+srv://_http._tcp.ordeal:80", "SRV records tell it"],
    ["dns+a://o:1?resolver=nobody", "resolver=nobody is no address:port"],
    ["dns+a://o:1?every=soon", "every=soon is no time"],
    ["dns+a://o:1?evry=1s", '"evry" is no parameter'],
    [`file://${dir.path}/none.yaml`, "none.yaml"],
  ];
  for (const [text, says] of one)
    expect([text, problemsOf(text).join()]).toEqual([text, expect.stringContaining(says)]);
});

test("source: a file is read again when another one takes its place, and a broken one is refused", async () => {
  const path = join(dir.path, "nodes.yaml");
  writeFileSync(path, "- a:1\n- { id: 2, host: b, httpPort: 2, peerPort: 9 }\n");
  const source = parseSource(`file://${path}?every=50ms`, "--peers");
  expect([source.everyMs, source.ids]).toEqual([50, null]);
  const [a, b] = [
    { host: "a", port: 1 },
    { id: 2, host: "b", port: 2 },
  ];
  expect(await source.resolve()).toEqual([a, b]);
  writeFileSync(`${path}.new`, "nodes: [ 2=b:2 ]");
  renameSync(`${path}.new`, path);
  expect(await source.resolve()).toEqual([b]);
  writeFileSync(path, "nodes: [ b ]");
  const refusal = await source.resolve().catch((error: Error) => error.message);
  expect(refusal).toContain("nodes.yaml: ");
  expect(refusal).toContain("must be");
  writeFileSync(path, "- a:1");
  expect(await source.resolve()).toEqual([a]);
});

test("source: SRV records name hosts and ports, whose addresses the same server tells", async () => {
  const zone = {
    srv: {
      "_http._tcp.ordeal.test": [
        { target: "ordeal-0.test", port: 7301 },
        { target: "ordeal-1.test", port: 7302 },
      ],
    },
    a: { "ordeal-0.test": ["127.0.0.1"], "ordeal-1.test": ["127.0.0.2"] },
  };
  const { address } = await serve(zone);
  const source = parseSource(`dns+srv://_http._tcp.ordeal.test?resolver=${address}`, "--peers");
  expect(source.ids).toBeNull();
  const seeds = await source.resolve();
  expect([...seeds].sort((a, b) => a.port - b.port)).toEqual([
    { host: "127.0.0.1", port: 7301 },
    { host: "127.0.0.2", port: 7302 },
  ]);
});

test("source: A records share the port of the URL; a name that DNS does not have says so", async () => {
  const { address, set } = await serve({ a: { "ordeal.test": ["127.0.0.1", "127.0.0.3"] } });
  const source = parseSource(`dns+a://ordeal.test:7301?resolver=${address}`, "--peers");
  const hosts = (await source.resolve()).map(({ host, port }) => `${host}:${port}`).sort();
  expect(hosts).toEqual(["127.0.0.1:7301", "127.0.0.3:7301"]);
  set({});
  const refusal = await source.resolve().catch((error: Error) => error.message);
  expect(refusal).toBe("DNS has no A ordeal.test");
});
