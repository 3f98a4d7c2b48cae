import { defineLoadSuite, PUT_LOAD } from "../src/bench/dsl.ts";

export default defineLoadSuite({
  name: "nodes",
  about: "Puts of 256 B by 64 clients to 3, 5 and 7 nodes, on disk and in memory.",
  cases: (["disk", "memory"] as const).flatMap((storage) =>
    [3, 5, 7].map((nodes) => ({
      name: `${nodes} nodes, ${storage}`,
      cluster: { nodes, storage },
      load: { ...PUT_LOAD, clients: 64, connections: 4 },
    })),
  ),
  warmupMs: 2_000,
  measureMs: 5_000,
  runs: 1,
});
