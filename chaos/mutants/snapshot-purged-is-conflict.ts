import { defineMutant, SMALL_SNAPSHOTS } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 37,
  name: "snapshot-purged-is-conflict",
  about:
    "An append that is anchored in the compacted part of the log counts as a conflict: what follows is cut off.",
  seenIn: "openraft 44381b0c",
  patches: [
    {
      file: "src/raft/log.ts",
      find: `    let firstNew = asIndex(0);
`,
      replace: `    if (prevIndex > 0 && prevIndex < this.compactedIndex) {
      this.#truncateFrom(plus(this.compactedIndex, 1));
    }
    let firstNew = asIndex(0);
`,
    },
  ],
  detectors: ["LC", "ORD", "MON", "QC", "SMS", "DUR", "ASSERT"],
  arena: {
    kind: "sim",
    episodes: ["behind", "crash", "isolate"],
    config: SMALL_SNAPSHOTS,
  },
});
