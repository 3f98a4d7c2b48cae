import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 14,
  name: "append-commit-too-far",
  about: "A follower commits as far as the leader, beyond the entries that it was just sent.",
  seenIn: "copycat#265, cockroach#36353",
  patches: [
    {
      file: "src/raft/append.ts",
      find: "log.commitTo(minIndex(m.commitIndex, covered));",
      replace: "log.commitTo(minIndex(m.commitIndex, log.lastIndex));",
    },
  ],
  detectors: ["SMS", "QC"],
  arena: { kind: "sim" },
});
