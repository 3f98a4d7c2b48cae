import { expect, test } from "bun:test";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../../..");
const WITHIN_MS = 120_000;

test(
  "API docs: typedoc describes the public API without a warning",
  async () => {
    const typedoc = join(ROOT, "node_modules/typedoc/bin/typedoc");
    // Warnings count as errors: docs/api.tsconfig.json.
    const args = ["--tsconfig", "docs/api.tsconfig.json", "--emit", "none"];
    const child = Bun.spawn([process.execPath, typedoc, ...args], {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    expect([out + err, await child.exited]).toEqual(["", 0]);
  },
  WITHIN_MS,
);

test("API docs: describe what the package exports, and nothing else", async () => {
  const read = async <T>(path: string): Promise<T> =>
    (await Bun.file(join(ROOT, path)).json()) as T;
  const { exports } = await read<{ exports: Record<string, string> }>("package.json");
  const { include, typedocOptions } = await read<{
    include: readonly string[];
    typedocOptions: { readonly entryPoints: readonly string[] };
  }>("docs/api.tsconfig.json");
  // `ordeal/src/…` is for who needs more, and promises nothing.
  const modules = Object.values(exports).filter((path) => !path.includes("*"));
  const described = typedocOptions.entryPoints.map((path) => path.replace("../", "./"));
  expect(described.sort()).toEqual([...new Set(modules)].sort());
  expect(include).toEqual(expect.arrayContaining([...typedocOptions.entryPoints]));
});
