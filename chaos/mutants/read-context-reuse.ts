import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 45,
  name: "read-context-reuse",
  about:
    "Every round of heartbeats for reads has the same number, so that a late answer to an old one confirms a new read.",
  seenIn: "etcd#20418",
  patches: [
    {
      file: "src/raft/propose.ts",
      find: "seq: s.readSeq + 1",
      replace: "seq: 1",
    },
  ],
  detectors: ["RI", "LIN"],
  arena: { kind: "sim" },
});
