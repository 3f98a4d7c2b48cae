import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 40,
  name: "snapshot-apply-race",
  about: "Entries are applied while a snapshot takes the place of the state.",
  seenIn: "openraft eed681d5, redisraft#654",
  patches: [
    {
      file: "src/raft/ready.ts",
      find: " || s.installing !== null",
      replace: "",
    },
  ],
  detectors: ["SMS", "CONV", "ORD", "MON", "ASSERT"],
  arena: {
    kind: "sim",
    episodes: ["behind", "tails", "isolate"],
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
