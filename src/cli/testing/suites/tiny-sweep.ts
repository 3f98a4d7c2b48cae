import { defineSweepSuite, PUT_LOAD } from "../../../bench/dsl.ts";

/** One case in memory with some keys put beforehand, for the tests of `bench run`. */
export default defineSweepSuite({
  name: "tiny-sweep",
  about: "A rate that anything can keep up with, and twice that.",
  cases: [
    {
      name: "in memory",
      cluster: { nodes: 1, storage: "memory" },
      load: { ...PUT_LOAD, clients: 16, connections: 1, keys: 100 },
      preloadKeys: 100,
      plan: { sloP99Ms: 60_000, fromRate: 20, toRate: 40, stepsMax: 3, precision: 1.5 },
    },
  ],
  warmupMs: 100,
  measureMs: 500,
});
