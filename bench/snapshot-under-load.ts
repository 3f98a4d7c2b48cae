import { defineLoadSuite, type LoadCase, PUT_LOAD } from "../src/bench/dsl.ts";

const KEYS = 200_000;

const loadCase = (name: string, part: Partial<LoadCase>): LoadCase => ({
  name,
  cluster: { nodes: 3, storage: "disk" },
  load: { ...PUT_LOAD, clients: 64, connections: 4, keys: KEYS },
  preloadKeys: KEYS,
  ...part,
});

export default defineLoadSuite({
  name: "snapshot-under-load",
  about: "Puts by 64 clients while all nodes take snapshots of 200,000 keys, against puts alone.",
  cases: [
    loadCase("no snapshot", {
      // Never reached: no snapshot is taken meanwhile.
      cluster: { nodes: 3, storage: "disk", snapshotEveryBytes: 1 << 40 },
    }),
    loadCase("two snapshots", {
      actions: [
        { atMs: 2_000, act: "snapshot" },
        { atMs: 5_000, act: "snapshot" },
      ],
    }),
  ],
  warmupMs: 2_000,
  measureMs: 8_000,
  runs: 1,
});
