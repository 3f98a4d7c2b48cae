import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 33,
  name: "read-dirty-tail",
  about: "A leader applies what is not committed yet, and reads see it.",
  seenIn: "redpanda#14794",
  patches: [
    {
      file: "src/raft/ready.ts",
      find: "const { commitIndex } = s.log;",
      replace: `const commitIndex = s.role === "leader" ? s.log.lastIndex : s.log.commitIndex;`,
    },
  ],
  detectors: ["SMS", "LIN", "ORD", "ASSERT"],
  arena: { kind: "sim" },
});
