import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 12,
  name: "commit-bad-quorum",
  about: "Half of the voters are taken for a quorum.",
  seenIn: "akka-raft#42, openraft#1802",
  patches: [
    {
      file: "src/raft/quorum.ts",
      find: "const needed = (count >> 1) + 1;",
      replace: "const needed = (count + 1) >> 1;",
    },
  ],
  detectors: ["QC", "ES", "LC"],
  arena: { kind: "sim", nodes: { min: 4, max: 4 } },
});
