import { defineLoadSuite, PUT_LOAD } from "../src/bench/dsl.ts";

/** Few enough keys for every one to be read at the end of a run, whose history is checked. */
const KEYS = 1_000;
/** A busy cluster: 16 operations in flight on a connection. */
const BUSY = { ...PUT_LOAD, clients: 64, connections: 4, keys: KEYS } as const;
const CLUSTER = { nodes: 3, storage: "disk" } as const;

/**
 * What `ordeal gate` runs. A store that is busy cannot show that single requests became slower (its
 * clients wait in line anyway), and one that is not cannot show that it carries less: both are there.
 */
export default defineLoadSuite({
  name: "gate",
  about:
    "Three nodes on disk: puts and gets of 64 clients, and 8 clients whose requests do not queue.",
  cases: [
    { name: "put, 64 clients", cluster: CLUSTER, load: BUSY },
    {
      name: "get, 64 clients",
      cluster: CLUSTER,
      // Some puts, or there would be nothing to read.
      load: { ...BUSY, mix: { ...PUT_LOAD.mix, get: 0.95, put: 0.05 } },
    },
    {
      name: "mixed, 8 clients",
      cluster: CLUSTER,
      load: {
        ...PUT_LOAD,
        ...{ clients: 8, connections: 8, keys: 100, keyDistribution: "zipfian" },
        mix: { get: 0.5, put: 0.4, cas: 0.1, append: 0, delete: 0 },
        // Nobody else asks followers, who may answer wrongly.
        homeShare: 0.1,
      },
    },
  ],
  warmupMs: 1_000,
  measureMs: 3_000,
  runs: 1,
});
