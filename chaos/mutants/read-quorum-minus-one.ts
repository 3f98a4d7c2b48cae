import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 44,
  name: "read-quorum-minus-one",
  about: "One voter less than a quorum confirms a read.",
  seenIn: "openraft d60f1e85",
  patches: [
    {
      file: "src/raft/state.ts",
      find: "quorumValue(s.membership, (id) => (id === s.id ? s.readSeq : s.progress.get(id)!.readSeq));",
      replace:
        "(([...s.membership.voters].map((id) => (id === s.id ? s.readSeq : s.progress.get(id)!.readSeq))).sort((a, b) => b - a)[Math.max(0, (s.membership.voters.length >> 1) - 1)] ?? 0);",
    },
  ],
  detectors: ["RI", "LIN"],
  arena: { kind: "sim" },
});
