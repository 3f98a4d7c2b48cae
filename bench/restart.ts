import { defineLoadSuite, PUT_LOAD } from "../src/bench/dsl.ts";

const KEYS = 100_000;
const CLUSTER = { nodes: 3, storage: "disk" } as const;
const LOAD = { ...PUT_LOAD, clients: 64, connections: 4, keys: KEYS } as const;

/** The longest time without an acknowledged write says how long a restart was felt. */
export default defineLoadSuite({
  name: "restart",
  about: "Puts by 64 clients while the leader, or every node, is killed and started again.",
  cases: [
    {
      name: "leader killed and restarted",
      cluster: CLUSTER,
      load: LOAD,
      preloadKeys: KEYS,
      actions: [
        { atMs: 2_000, act: "crash leader" },
        { atMs: 4_000, act: "restart" },
      ],
    },
    {
      name: "all killed and restarted",
      cluster: CLUSTER,
      load: LOAD,
      preloadKeys: KEYS,
      actions: [
        { atMs: 2_000, act: "crash all" },
        { atMs: 2_500, act: "restart" },
      ],
    },
  ],
  warmupMs: 2_000,
  measureMs: 8_000,
  runs: 1,
});
