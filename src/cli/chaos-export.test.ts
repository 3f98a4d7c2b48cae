import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownCommand } from "../runtime/self.ts";

const dir = mkdtempSync(join(tmpdir(), "ordeal-export-"));
afterAll(() => rmSync(dir, { recursive: true }));
const GOLDEN = join(import.meta.dir, "../chaos/mesh/testdata");

async function exported(...args: readonly string[]) {
  const child = Bun.spawn(ownCommand("ordeal", ["chaos", "export", ...args]), {
    cwd: dir,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, out, err };
}

test("chaos export: prints the workflow, and names on stderr what it cannot express", async () => {
  const { code, out, err } = await exported("demo", "--chaos-mesh");
  expect([code, err]).toEqual([
    0,
    "not expressed:\n  16.000 s pause a random node: Chaos Mesh has no SIGSTOP\n",
  ]);
  expect(out).toBe(readFileSync(join(GOLDEN, "demo.yaml"), "utf8"));
});

test("chaos export: --out, for pods of another name and namespace, stretched", async () => {
  const place = ["--namespace", "test", "--app", "kv", "--selector", "tier=db,app=kv"];
  const file = ["--stretch", "10", "--container", "node", "--volume", "/var/kv", "--out", "w.yaml"];
  const { code, out, err } = await exported("disk-full", ...place, ...file);
  expect([code, out]).toEqual([0, ""]);
  expect(err).toStartWith("w.yaml: ");
  const text = readFileSync(join(dir, "w.yaml"), "utf8");
  const { metadata, spec } = Bun.YAML.parse(text) as any;
  expect(metadata).toEqual({ name: "disk-full", namespace: "test" });
  const faults = spec.templates.flatMap((one: any) => one.ioChaos ?? []);
  expect(faults.length).toBeGreaterThan(0);
  for (const fault of faults) {
    expect(fault).toMatchObject({ containerNames: ["node"], volumePath: "/var/kv" });
    const { pods = { test: ["kv-0"] }, namespaces = ["test"] } = fault.selector;
    expect(Object.keys(pods)).toEqual(namespaces);
    expect(pods.test[0]).toStartWith("kv-");
  }
  expect(text).toContain("--stretch 10");
});

test("chaos export: tells everything that is wrong at once", async () => {
  const wrong = ["--app", "Kv", "--selector", "x", "--stretch", "0", "--volume", "data"];
  const { code, err } = await exported("demo", ...wrong);
  expect(code).toBe(64);
  for (const where of ["--app", "--selector", "--stretch", "--volume"]) {
    expect(err).toContain(`  ${where}: `);
  }
});
