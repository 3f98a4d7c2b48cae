import { defineLoadSuite, type LoadCase, PUT_LOAD } from "../src/bench/dsl.ts";

const KEYS = PUT_LOAD.keys;

/** 16 operations in flight on a connection, as a pool of application servers would have it. */
const loadOf = (clients: number): LoadCase["load"] => ({
  ...PUT_LOAD,
  ...{ clients, connections: Math.ceil(clients / 16) },
});

const putCase = (clients: number, cluster: Partial<LoadCase["cluster"]> = {}): LoadCase => {
  const { nodes = 3, storage = "disk" } = cluster;
  return {
    name: `put, ${nodes} nodes, ${storage === "disk" ? "fsync" : "memory"}, ${clients} ${clients === 1 ? "client" : "clients"}`,
    cluster: { nodes, storage },
    load: loadOf(clients),
  };
};

/** Gets of keys that are there. */
const getCase = (how: string, clients: number, leaseReads: boolean): LoadCase => ({
  name: `get by ${how}, 3 nodes, ${clients} clients`,
  cluster: { nodes: 3, storage: "disk", ...(leaseReads && { leaseReads }) },
  load: { ...loadOf(clients), mix: { ...PUT_LOAD.mix, get: 1, put: 0 } },
  preloadKeys: KEYS,
});

/**
 * How fast the store is, case by case with the goals of docs/bench.md ("Speed"): as multiples of etcd,
 * with `--against etcd`. Failover is in the suite `failover`; memory, idling, starting and pauses in
 * `footprint`.
 */
export default defineLoadSuite({
  name: "speed",
  about:
    "Puts and linearizable gets of 256 B by clients, nodes and storage: throughput and latency.",
  cases: [
    ...[1, 64, 256, 1000].map((clients) => putCase(clients)),
    putCase(256, { nodes: 5 }),
    putCase(256, { storage: "memory" }),
    ...[64, 256].map((clients) => getCase("ReadIndex", clients, false)),
    getCase("lease", 256, true),
    {
      // As `redis-benchmark -t set -d 256 -c 50 -P 16` has it.
      name: "put, 3 nodes, fsync, 50 connections with 16 in flight",
      cluster: { nodes: 3, storage: "disk" },
      load: { ...PUT_LOAD, clients: 800, connections: 50 },
    },
    {
      name: "put, 3 nodes, fsync, open loop of 20,000 a second",
      cluster: { nodes: 3, storage: "disk" },
      load: { ...loadOf(256), rate: 20_000, arrivals: "poisson", pacing: "event" },
    },
  ],
  // Compilers work for 16 s, a tenth of the processor of all four processes: a store is judged by what comes after.
  warmupMs: 18_000,
  measureMs: 5_000,
  runs: 1,
});
