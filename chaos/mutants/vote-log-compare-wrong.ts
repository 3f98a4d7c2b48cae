import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 5,
  name: "vote-log-compare-wrong",
  about:
    "Index and term of the last entry are compared separately: a longer log of an older term is taken for up to date.",
  seenIn: "openraft a48a3282, liferaft",
  patches: [
    {
      file: "src/raft/election.ts",
      find: "(m.lastTerm === s.log.lastTerm && m.lastIndex >= s.log.lastIndex);",
      replace: "m.lastIndex >= s.log.lastIndex;",
    },
  ],
  detectors: ["LC", "SMS"],
  arena: { kind: "sim", nodes: { min: 3, max: 3 } },
});
