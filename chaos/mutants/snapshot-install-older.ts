import { defineMutant, SMALL_SNAPSHOTS } from "../../src/chaos/mutant.ts";

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
    config: SMALL_SNAPSHOTS,
  },
});
