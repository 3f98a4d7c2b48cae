import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 26,
  name: "apply-index-not-atomic",
  about:
    "A snapshot is labelled one entry too low: after a restart its last entry is applied again.",
  seenIn: "etcd#13766, etcd#14685",
  patches: [
    {
      file: "src/raft/compact.ts",
      find: "metaAt(s, s.appliedIndex);",
      replace:
        "metaAt(s, s.appliedIndex > s.log.compactedIndex + 1 ? plus(s.appliedIndex, -1) : s.appliedIndex);",
    },
    {
      file: "src/raft/compact.ts",
      find: "import { asTerm,",
      replace: "import { plus, asTerm,",
    },
  ],
  detectors: ["SMS", "CONV", "ORD", "LIN", "ORC"],
  arena: { kind: "sim" },
});
