import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { clusterConfig, TestCluster } from "../testing/cluster.ts";

setDefaultTimeout(120_000);

const DOC = join(import.meta.dir, "../../../docs/protocols.md");
const CONSOLE = /^```console\n([\s\S]*?)^```$/gm;
/** The ports of the document's nodes. */
const PORTS = /\b720([123])\b/g;
const PROGRAMS = ["redis-cli", "redis-benchmark", "nc"] as const;
const INSTALL = "apt-get install redis-tools netcat-openbsd";

const cluster = new TestCluster(clusterConfig(3, "unused", "memory"));
beforeAll(async () => {
  cluster.startAll();
  await cluster.leader();
});
afterAll(async () => {
  await cluster.stopAll();
  expect(cluster.fatal).toEqual([]);
});

/** What differs from run to run. */
const steady = (text: string): string =>
  text
    .replaceAll(/"index":\d+/g, '"index":…')
    .replaceAll(
      /[\d.]+ requests per second, p50=[\d.]+ msec/g,
      "… requests per second, p50=… msec",
    );

/** What a terminal shows in the end of lines that were written over each other. */
const shown = (text: string): string =>
  text
    .replaceAll("\r\n", "\n")
    .split("\n")
    .map((line) => line.slice(line.lastIndexOf("\r") + 1).trimEnd())
    .join("\n");

async function run(command: string): Promise<string> {
  const onOurPorts = command.replaceAll(PORTS, (_, id) => String(cluster.clientPort(Number(id))));
  const child = Bun.spawn(["sh", "-c", onOurPorts], { stdio: ["ignore", "pipe", "pipe"] });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  expect(await child.exited).toBe(0);
  return shown(out + err);
}

const missing = PROGRAMS.filter((name) => Bun.which(name) === null);
if (missing.length > 0) {
  console.warn(
    `not installed: ${missing.join(", ")}: the sessions of docs/protocols.md need ${INSTALL}`,
  );
}

test("docs/protocols.md: each session prints what the document says", async () => {
  const blocks = [...(await Bun.file(DOC).text()).matchAll(CONSOLE)].map(([, text = ""]) => text);
  const parts = blocks.flatMap((text) => text.split(/^\$ /m).slice(1));
  expect(parts.length).toBe(11);
  for (const part of parts) {
    const [command = ""] = part.split("\n", 1);
    // Those of a program that is not here are left out, and said to be, above.
    if (missing.some((name) => command.includes(name))) continue;
    expect(steady(`${command}\n${await run(command)}`)).toBe(steady(part));
  }
});

if (!missing.includes("redis-benchmark")) {
  test("redis-benchmark: its tests of what is supported run without an error, on leader and follower", async () => {
    for (const id of [1, 2]) {
      const tests = "ping_inline,ping_mbulk,set,get,incr,mset";
      const args = `-t ${tests} -P 16 -n 500 -c 10 -d 256 -r 1000 --csv`;
      const printed = await run(`redis-benchmark -p 720${id} ${args}`);
      expect(printed.split("\n").filter((line) => /^"[A-Z]/.test(line)).length).toBe(6);
      expect(printed).not.toContain("rror");
    }
  });
}
