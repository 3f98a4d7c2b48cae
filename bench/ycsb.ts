import { defineLoadSuite, type LoadCase, PUT_LOAD } from "../src/bench/dsl.ts";

const KEYS = 100_000;
const NONE = { get: 0, put: 0, cas: 0, append: 0, delete: 0 } as const;

const workload = (name: string, load: Partial<LoadCase["load"]>): LoadCase => ({
  name,
  cluster: { nodes: 3, storage: "disk" },
  load: {
    ...PUT_LOAD,
    ...{ clients: 64, connections: 4, keys: KEYS, valueBytes: 1_000, keyDistribution: "zipfian" },
    ...load,
  },
  preloadKeys: KEYS,
});

/**
 * The core workloads of the Yahoo! Cloud Serving Benchmark (Cooper et al., SoCC 2010), with their
 * shares, popularity (zipfian 0.99) and records of 1,000 B. All keys are there beforehand, so that an
 * insert of D or E is a put to a key that was not asked for of late, and no key is new.
 */
export default defineLoadSuite({
  name: "ycsb",
  about: "YCSB A to F with 100,000 records of 1,000 B on 3 nodes, 64 clients.",
  cases: [
    workload("A: update heavy", { mix: { ...NONE, get: 0.5, put: 0.5 } }),
    workload("B: read mostly", { mix: { ...NONE, get: 0.95, put: 0.05 } }),
    workload("C: read only", { mix: { ...NONE, get: 1 } }),
    workload("D: read latest", {
      mix: { ...NONE, get: 0.95, put: 0.05 },
      keyDistribution: "latest",
    }),
    workload("E: short ranges", { mix: { ...NONE, scan: 0.95, put: 0.05 }, scanLength: 100 }),
    workload("F: read-modify-write", { mix: { ...NONE, get: 0.5, rmw: 0.5 } }),
  ],
  warmupMs: 2_000,
  measureMs: 5_000,
  runs: 1,
});
