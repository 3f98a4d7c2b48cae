import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TestOutput } from "./test-output.ts";

/** What each file of a project is, and which of its tests fail. */
const FILES: readonly (readonly [name: string, source: string, failures: readonly string[]])[] = [
  ["good.test.ts", `test("good", () => {});`, []],
  [
    "bad.test.ts",
    `test("fine", () => {});
     describe("group", () => test("is [1] bad", () => expect(1).toBe(2)));
     test("hangs", () => new Promise(() => {}), 50);`,
    ["group > is [1] bad", "hangs"],
  ],
  [
    "deep/crash.test.ts",
    `test("dies", () => process.kill(process.pid, "SIGKILL"));`,
    ["deep/crash.test.ts (worker crashed: SIGKILL)"],
  ],
  ["broken.test.ts", `import "./nothing.ts";`, []],
];

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "ordeal-test-output-"));
  const head = `import { describe, expect, test } from "bun:test";\n`;
  for (const [name, source] of FILES) await Bun.write(join(dir, name), head + source);
});
afterAll(() => rm(dir, { recursive: true }));

test("test output: every failed test is known by its file, with and without colours", async () => {
  for (const colour of [{ NO_COLOR: "1" }, { FORCE_COLOR: "1" }]) {
    const child = Bun.spawn([process.execPath, "test", "--parallel=2"], {
      cwd: dir,
      stdio: ["ignore", "ignore", "pipe"],
      env: { PATH: process.env["PATH"], HOME: dir, ...colour },
    });
    const output = new TestOutput();
    for (const char of await child.stderr.text()) output.push(char);
    expect(await child.exited).toBe(1);
    const failing = FILES.filter(([, , failures]) => failures.length > 0);
    const expected = failing.map(([name, , failures]) => [name, failures.toSorted()] as const);
    const seen = [...output.failures].map(([name, names]) => [name, names.toSorted()] as const);
    expect(new Map(seen)).toEqual(new Map(expected));
    expect([output.passed, output.failed]).toEqual([2, 4]);
  }
});
