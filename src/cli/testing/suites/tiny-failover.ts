import { defineFailoverSuite, PUT_LOAD } from "../../../bench/dsl.ts";

/** One case in memory, for the tests of `bench run`; `--quick` kills two leaders. */
export default defineFailoverSuite({
  name: "tiny-failover",
  about: "Leaders of three nodes in memory are killed.",
  cases: [
    {
      name: "in memory",
      cluster: { nodes: 3, storage: "memory", timers: { electionMs: 400, heartbeatMs: 50 } },
      load: { ...PUT_LOAD, clients: 2, connections: 1, keys: 10 },
      goalMs: 1e9,
    },
  ],
  kills: 2,
});
