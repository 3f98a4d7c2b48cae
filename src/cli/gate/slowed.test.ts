import { expect, test } from "bun:test";
import { connect } from "node:net";
import { startTrivialServer } from "../../target/trivial-server.ts";
import type { Cluster, Target } from "../../target/target.ts";
import { startGenerator } from "../generator.ts";
import { SPEC } from "../../workload/testing/bench-top.ts";
import { slowed } from "./slowed.ts";

const OPTIONS = { nodes: 1, storage: "memory", dir: "", faultyLinks: false, seed: 1 } as const;

/** A target that is one trivial server. */
function trivial(): Target {
  const server = startTrivialServer(0);
  const cluster = {
    nodeIds: [1],
    address: { target: "ordeal", nodes: [{ id: 1, host: "127.0.0.1", port: server.port }] },
    failures: () => [],
    stop: () => Promise.resolve(server.stop()),
  };
  const start = () => Promise.resolve(cluster as unknown as Cluster);
  return { name: "trivial", version: "1", can: {}, start } as unknown as Target;
}

test("slowed: all operations are answered through the proxy, each held by what it took", async () => {
  const services: number[] = [];
  const hold = (ms: number): number => {
    services.push(ms);
    return 2;
  };
  const cluster = await slowed(trivial(), hold).start(OPTIONS);
  try {
    const load = await startGenerator(
      {
        ...SPEC,
        ...{ address: cluster.address, clients: 4, connections: 4, keys: 10, timeoutMs: 30_000 },
        ...{ durationMs: 300, warmupMs: 0, finalReads: true },
      },
      () => {},
    );
    const { counts, unread, response } = await load.done;
    expect(counts).toMatchObject({ fail: 0, info: 0 });
    expect(unread).toBe(0);
    expect(counts.ok).toBeGreaterThan(0);
    // Nothing is faster than what it is held for, less what a timer may be early, on any machine.
    expect(response.p50).toBeGreaterThan(1_000);
    expect(services.length).toBeGreaterThanOrEqual(counts.ok);
    expect(services.every((ms) => ms >= 0)).toBe(true);
  } finally {
    await cluster.stop();
  }
  const { port } = cluster.address.nodes[0]!;
  const refused = Promise.withResolvers<string>();
  connect({ host: "127.0.0.1", port })
    .once("connect", () => refused.resolve("connected"))
    .once("error", () => refused.resolve("refused"));
  expect(await refused.promise).toBe("refused");
});
