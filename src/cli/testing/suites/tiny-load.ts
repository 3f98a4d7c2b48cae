import { defineLoadSuite, PUT_LOAD } from "../../../bench/dsl.ts";

const LOAD = { ...PUT_LOAD, clients: 4, connections: 1, keys: 200 } as const;
const CLUSTER = { nodes: 3, storage: "memory" } as const;

/** Reads by lease, scans, and a restart under load, for the tests of `bench run`. */
export default defineLoadSuite({
  name: "tiny-load",
  about: "Three nodes in memory: gets by lease, scans with read-modify-writes, a restart.",
  cases: [
    {
      name: "lease",
      cluster: { ...CLUSTER, leaseReads: true },
      load: { ...LOAD, mix: { ...LOAD.mix, get: 1, put: 0 } },
      preloadKeys: 200,
    },
    {
      name: "scans",
      cluster: CLUSTER,
      load: { ...LOAD, mix: { ...LOAD.mix, put: 0, rmw: 0.5, scan: 0.5 }, scanLength: 20 },
      preloadKeys: 200,
    },
    {
      name: "snapshots",
      cluster: CLUSTER,
      load: LOAD,
      actions: [{ atMs: 300, act: "snapshot" }],
    },
  ],
  warmupMs: 100,
  measureMs: 1_000,
  runs: 1,
});
