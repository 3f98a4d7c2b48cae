import { defineMutant } from "../../src/chaos/mutant.ts";

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
    config: {
      snapshotEveryBytes: 1_000,
      trailingBytes: 0,
      snapshotChunkBytes: 4_096,
      snapshotInflightBytesMax: 4_096,
      link: {
        cut: false,
        loss: 0.02,
        delayMs: 1,
        jitterMs: 3,
        duplicate: 0.2,
        reorder: 0.3,
        reorderWithinMs: 400,
      },
    },
  },
});
