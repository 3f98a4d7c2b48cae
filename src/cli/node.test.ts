import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "../runtime/free-ports.ts";
import { readLines } from "../target/json-lines.ts";

const MAIN = join(import.meta.dir, "main.ts");
const root = mkdtempSync(join(tmpdir(), "ordeal-node-"));
afterAll(() => rmSync(root, { recursive: true }));

function writeConfig(name: string, changes: object = {}): string {
  const [peerPort, clientPort, httpPort] = freePorts(3);
  const path = join(root, `${name}.json`);
  const node = { id: 1, host: "127.0.0.1", peerPort, clientPort, httpPort };
  const config = { clusterId: "c", nodes: [node], dataDir: join(root, name), storage: "disk" };
  writeFileSync(path, JSON.stringify({ ...config, ...changes }));
  return path;
}

const start = (...args: string[]) =>
  Bun.spawn([process.execPath, MAIN, "node", ...args], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });

test("node: says it is ready, logs where it is told to, and ends with its parent's pipe", async () => {
  const log = join(root, "elsewhere.log");
  const args = ["--config", writeConfig("piped"), "--id", "1", "--log", log, "--parent-pipe"];
  const child = start(...args);
  const { value } = await readLines(child.stdout).next();
  expect(JSON.parse(value!)).toMatchObject({ ready: true, id: 1, pid: child.pid });
  expect(readFileSync(log, "utf8")).toContain('"event":"started"');
  child.stdin.end();
  await child.exited;
  expect(child.signalCode).toBeNull();
});

test("node: a config that is missing, or without the node, exits 64 and says how to fix it", async () => {
  const cases = [
    { args: ["--config", join(root, "nothing.json"), "--id", "1"], says: "nothing.json" },
    { args: ["--config", writeConfig("known"), "--id", "4"], says: "no node 4" },
    { args: ["--config", writeConfig("torn", { nodes: [] }), "--id", "1"], says: "nodes" },
  ];
  for (const { args, says } of cases) {
    const child = start(...args);
    expect(await child.exited).toBe(64);
    const err = await child.stderr.text();
    expect(err).toContain(says);
    expect(err).toContain("fix: ");
    expect(await child.stdout.text()).toBe("");
  }
});
