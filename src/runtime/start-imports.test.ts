import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

const transpiler = new Bun.Transpiler({ loader: "ts" });

/** The packages that loading a file loads, by itself or by what it imports; not what is imported later. */
function packagesOf(entry: string): ReadonlySet<string> {
  const packages = new Set<string>();
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path) || !path.endsWith(".ts")) return;
    seen.add(path);
    for (const { path: imported, kind } of transpiler.scanImports(readFileSync(path, "utf8"))) {
      if (kind !== "import-statement") continue;
      if (imported.startsWith(".")) visit(resolve(path, "..", imported));
      else packages.add(imported.split("/")[0]!);
    }
  };
  visit(resolve(import.meta.dir, entry));
  expect(seen.size).toBeGreaterThan(5);
  return packages;
}

test("start: a node listens before it loads what only HTTP needs", () => {
  const packages = packagesOf("ordeal-node.ts");
  expect([...packages]).toContain("valibot");
  expect([...packages]).not.toContainAnyValues(["hono", "prom-client", "@valibot"]);
});

test("start: the HTTP port serves before it loads what metrics and the document need", () => {
  const packages = packagesOf("http/app.ts");
  expect([...packages]).toContain("hono");
  expect([...packages]).not.toContainAnyValues(["prom-client", "@valibot"]);
});
