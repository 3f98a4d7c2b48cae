import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { clusterConfig, tempDir, TestCluster } from "../runtime/testing/cluster.ts";

const EXAMPLES = join(import.meta.dir, "../../docs/examples/client");
const GUIDE = join(import.meta.dir, "../../docs/client.md");
const TEST_MS = 60_000;

/** What each example prints. */
const PRINTED: Record<string, RegExp> = {
  "hello.ts":
    /^green or red \(version went up: true\)\nfruit\/apple = green or red\nfruit\/pear = yellow\npear: there is none\n$/,
  "transfer.ts": /^\{"alice":0,"bob":100\}\nmismatch\n$/,
  "unknown-outcome.ts": /^settled: the lost write had (not )?counted\npaid\n$/,
};

const dir = tempDir();
const cluster = new TestCluster(clusterConfig(3, dir.path, "memory"));
beforeAll(() => void cluster.startAll());
afterAll(async () => {
  await cluster.stopAll();
  dir.remove();
});

test("client examples: docs/examples/client holds these, and docs/client.md shows each as it is", async () => {
  const names = readdirSync(EXAMPLES).sort();
  expect(names).toEqual(Object.keys(PRINTED).sort());
  const guide = await Bun.file(GUIDE).text();
  for (const name of names) {
    const source = await Bun.file(join(EXAMPLES, name)).text();
    expect(guide).toContain(`\`\`\`ts\n${source}\`\`\``);
  }
});

for (const [name, printed] of Object.entries(PRINTED)) {
  test(
    `client examples: ${name} runs against a cluster, and ends`,
    async () => {
      const address = `127.0.0.1:${cluster.clientPort(2)}`;
      const cmd = [process.execPath, join(EXAMPLES, name), address];
      const child = Bun.spawn(cmd, { stdout: "pipe", stderr: "pipe" });
      const [out, err, code] = await Promise.all([
        child.stdout.text(),
        child.stderr.text(),
        child.exited,
      ]);
      expect([err, code]).toEqual(["", 0]);
      expect(out).toMatch(printed);
    },
    TEST_MS,
  );
}
