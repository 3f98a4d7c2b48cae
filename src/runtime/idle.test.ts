import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { freePorts } from "./free-ports.ts";
import { tempDir } from "./testing/cluster.ts";
import { textClient } from "./testing/text-client.ts";
import { until } from "./testing/until.ts";

/** By hand with 10000, as docs/operations.md has it; the memory is then printed. */
const IDLE = Number(process.env["ORDEAL_IDLE"] ?? 500);

const rssMiB = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;

test("node: with idle connections by the hundred it serves the next one, and keeps them", async () => {
  const dir = tempDir();
  const [peer, port, http] = freePorts(3) as [number, number, number];
  const main = join(import.meta.dir, "..", "cli", "main.ts");
  const listen = Object.entries({ peer, client: port, http }).flatMap(([name, at]) => [
    ...[`--listen-${name}`, `127.0.0.1:${at}`],
  ]);
  const identity = ["--id", "1", "--cluster", "idle", "--data-dir", dir.path, "--voters", "1"];
  const node = Bun.spawn(
    [process.execPath, main, "node", ...identity, "--peers", "127.0.0.1:1", ...listen],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  let closed = 0;
  const idle: { terminate(): void }[] = [];
  try {
    await until("the node answers", () =>
      textClient(port).then(
        (one) => (one.close(), true),
        () => false,
      ),
    );
    const isByHand = process.env["ORDEAL_IDLE"] !== undefined;
    const before = isByHand ? rssMiB(node.pid) : 0;
    const socket = { data: () => {}, error: () => {}, close: () => void closed++ };
    for (let i = 0; i < IDLE; i++)
      idle.push(await Bun.connect({ hostname: "127.0.0.1", port, socket }));
    const client = await textClient(port);
    client.send("SET k v\r\nGET k\r\n");
    expect(await client.lines(3)).toBe("+OK\r\n$1\r\nv\r\n");
    expect(closed).toBe(0);
    if (isByHand) {
      console.log(`${IDLE} idle: ${before.toFixed(0)} → ${rssMiB(node.pid).toFixed(0)} MiB`);
    }
  } finally {
    for (const one of idle) one.terminate();
    node.kill();
    await node.exited;
    dir.remove();
  }
}, 120_000);
