import { defineLoadSuite, PUT_LOAD } from "../../../bench/dsl.ts";

/** A small suite of loads that every system can run, for the tests of `bench run --against`. */
export default defineLoadSuite({
  name: "two-systems",
  about: "Puts of two clients to one node.",
  cases: [
    {
      name: "disk, 2 clients",
      cluster: { nodes: 1, storage: "disk" },
      load: { ...PUT_LOAD, keys: 100, clients: 2, connections: 1 },
    },
  ],
  warmupMs: 500,
  measureMs: 2_000,
  runs: 1,
});
