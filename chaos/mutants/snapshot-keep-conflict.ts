import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 36,
  name: "snapshot-keep-conflict",
  about: "Entries after an installed snapshot are kept although they are of another history.",
  seenIn: "openraft 674e78aa, hashicorp#697",
  patches: [
    {
      file: "src/raft/snapshot-receive.ts",
      find: "if (log.termAt(lastIndex) === meta.lastTerm) {",
      replace: "if (log.lastIndex >= lastIndex) {",
    },
  ],
  detectors: ["LIVE", "LM", "SMS", "DUR", "QC", "ASSERT"],
  arena: {
    kind: "sim",
    episodes: ["behind", "tails", "partition"],
    config: {
      snapshotEveryBytes: 1_000,
      trailingBytes: 0,
      snapshotChunkBytes: 4_096,
      snapshotInflightBytesMax: 4_096,
    },
  },
});
