import { defineLoadSuite, PUT_LOAD } from "../src/bench/dsl.ts";

const KEYS = 100_000;
const LOAD = {
  ...PUT_LOAD,
  ...{ clients: 64, connections: 4, keys: KEYS },
  keyDistribution: "zipfian",
} as const;
const CLUSTER = { nodes: 3, storage: "disk" } as const;

export default defineLoadSuite({
  name: "mixed",
  about: "Gets and puts together, and puts that name the version they expect, by 64 clients.",
  cases: [
    {
      name: "half gets, half puts",
      cluster: CLUSTER,
      load: { ...LOAD, mix: { ...LOAD.mix, get: 0.5, put: 0.5 } },
      preloadKeys: KEYS,
    },
    {
      name: "90 % gets",
      cluster: CLUSTER,
      load: { ...LOAD, mix: { ...LOAD.mix, get: 0.9, put: 0.1 } },
      preloadKeys: KEYS,
    },
    {
      name: "versioned puts",
      cluster: CLUSTER,
      // Each client goes by the version it saw last, so that some are refused: they count as ok.
      load: { ...LOAD, keyDistribution: "uniform", mix: { ...LOAD.mix, put: 0, cas: 1 } },
    },
  ],
  warmupMs: 2_000,
  measureMs: 5_000,
  runs: 1,
});
