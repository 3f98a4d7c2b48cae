import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 14,
  name: "append-commit-too-far",
  about:
    "A follower commits as far as the leader, also what it was not sent: its own, different tail.",
  seenIn: "copycat#265, cockroach#36353",
  patches: [
    {
      file: "src/raft/append.ts",
      find: "const commitIndex = minIndex(s.log.commitIndex, progress.matchIndex);",
      replace: "const { commitIndex } = s.log;",
    },
    {
      file: "src/raft/append.ts",
      find: "s.log.commitTo(m.commitIndex);",
      replace: "s.log.commitTo(minIndex(m.commitIndex, s.log.lastIndex));",
    },
  ],
  detectors: ["SMS", "QC"],
  arena: { kind: "sim" },
});
