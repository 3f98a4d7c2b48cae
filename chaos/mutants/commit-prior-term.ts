import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 11,
  name: "commit-prior-term",
  about: "An entry of an older term is committed by counting its copies (paper, figure 8).",
  seenIn: "logcabin#44, PySyncObj#169",
  patches: [
    {
      file: "src/raft/commit.ts",
      find: " && s.log.termAt(index) === s.term",
      replace: "",
    },
  ],
  detectors: ["QC", "LC"],
  arena: { kind: "sim" },
});
