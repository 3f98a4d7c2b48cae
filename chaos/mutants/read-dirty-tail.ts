import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 33,
  name: "read-dirty-tail",
  about: "A leader applies what is not committed yet, and reads see it.",
  seenIn: "redpanda#14794",
  patches: [
    {
      file: "src/raft/raft.ts",
      find: `const { commitIndex } = s.log;
  if (s.committedTaken`,
      replace: `const commitIndex = s.role === "leader" ? s.log.lastIndex : s.log.commitIndex;
  if (s.committedTaken`,
    },
  ],
  detectors: ["SMS", "LIN", "ORD"],
  arena: { kind: "sim" },
});
