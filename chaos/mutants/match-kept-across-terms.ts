import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 17,
  name: "match-kept-across-terms",
  about: "A leader starts with the matchIndex that it knew when it last led.",
  seenIn: "lab code",
  patches: [
    {
      file: "src/raft/state.ts",
      find: `s.progress.clear();
  s.uncommittedBytes`,
      replace: `s.kept = new Map(s.progress);
  s.progress.clear();
  s.uncommittedBytes`,
    },
    {
      file: "src/raft/state.ts",
      find: "new Progress(asIndex(0), asIndex(s.log.lastIndex + 1), s.now)",
      replace:
        "new Progress(Math.min(s.kept?.get(id)?.matchIndex ?? 0, s.log.lastIndex), asIndex(s.log.lastIndex + 1), s.now)",
    },
  ],
  detectors: ["QC", "LC"],
  arena: { kind: "sim", nodes: { min: 5, max: 5 }, episodes: ["partition", "partitions"] },
});
