import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 45,
  name: "read-context-reuse",
  about: "A read is confirmed by answers to a round that began before it.",
  seenIn: "etcd#20418",
  patches: [
    {
      file: "src/raft/propose.ts",
      find: "seq: s.readSeq + 1",
      replace: "seq: Math.max(1, s.readSeq)",
    },
  ],
  detectors: ["RI", "LIN"],
  arena: { kind: "sim" },
});
