import { defineLoadSuite, type LoadCase, PUT_LOAD } from "../src/bench/dsl.ts";

const KEYS = 1_000_000;

const manyCase = (name: string, get: number): LoadCase => ({
  name,
  cluster: { nodes: 3, storage: "disk" },
  load: {
    ...PUT_LOAD,
    ...{ clients: 64, connections: 4, keys: KEYS },
    mix: { ...PUT_LOAD.mix, get, put: 1 - get },
  },
  preloadKeys: KEYS,
});

/** A quick run has 20,000 keys: putting a million takes most of a minute. */
export default defineLoadSuite({
  name: "many-keys",
  about: "A million keys of 256 B, put beforehand: gets and puts that find nothing in a cache.",
  cases: [manyCase("put, 64 clients", 0), manyCase("get, 64 clients", 1)],
  warmupMs: 2_000,
  measureMs: 5_000,
  runs: 1,
});
