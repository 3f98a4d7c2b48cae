import { defineLoadSuite, PUT_LOAD } from "../src/bench/dsl.ts";

const CLIENTS = [1, 64, 256];
const STORAGES = ["disk", "memory"] as const;

/**
 * Group commit: how far one fsync a batch carries puts. Every put is on the disks of a majority
 * before it is acknowledged ("disk"), or only in their memory ("memory", to see what the disk costs).
 */
export default defineLoadSuite({
  name: "put",
  about:
    "Puts of 256 B to 3 nodes in a closed loop: throughput and latency by clients and storage.",
  cases: STORAGES.flatMap((storage) =>
    CLIENTS.map((clients) => ({
      name: `${storage}, ${clients} ${clients === 1 ? "client" : "clients"}`,
      cluster: { nodes: 3, storage },
      // 16 operations in flight on a connection, as a pool of application servers would have it.
      load: { ...PUT_LOAD, clients, connections: Math.ceil(clients / 16) },
    })),
  ),
  warmupMs: 2_000,
  measureMs: 5_000,
  runs: 1,
});
