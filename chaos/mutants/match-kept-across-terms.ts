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
      find: "s.progress.set(id, newProgress(s));",
      replace: `const kept = newProgress(s);
    kept.matchIndex = Math.min(s.kept?.get(id)?.matchIndex ?? 0, s.log.lastIndex);
    s.progress.set(id, kept);`,
    },
  ],
  detectors: ["QC", "LC"],
  arena: { kind: "sim", nodes: { min: 5, max: 5 }, episodes: ["partition", "partitions"] },
});
