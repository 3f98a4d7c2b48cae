import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 35,
  name: "snapshot-install-older",
  about: "A snapshot is installed although the node has applied more than it stands for.",
  seenIn: "openraft#543, hashicorp#248",
  patches: [
    {
      file: "src/raft/snapshot-receive.ts",
      find: "if (m.lastIndex <= s.log.commitIndex) {",
      replace: "if (m.lastIndex <= 0) {",
    },
  ],
  detectors: ["MON", "ORD", "ASSERT"],
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
