import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 20,
  name: "commit-stop-at-old-term",
  about: "A leader looks at the first uncommitted entry only: one of an older term stops it.",
  seenIn: "raftos PR#30",
  patches: [
    {
      file: "src/raft/commit.ts",
      find: "s.log.termAt(index) === s.term",
      replace: "s.log.termAt(asIndex(s.log.commitIndex + 1)) === s.term",
    },
  ],
  detectors: ["LIVE"],
  arena: { kind: "sim" },
});
