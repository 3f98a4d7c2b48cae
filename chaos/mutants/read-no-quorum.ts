import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 42,
  name: "read-no-quorum",
  about: "A leader serves a read without asking anyone whether it still leads.",
  seenIn: "etcd#741, xraft#40, jgroups-raft#208",
  patches: [
    {
      file: "src/raft/propose.ts",
      find: "if (seq > confirmed || index > s.log.commitIndex) break;",
      replace: "if (index > s.log.commitIndex) break;",
    },
  ],
  detectors: ["RI", "LIN"],
  arena: { kind: "sim" },
});
