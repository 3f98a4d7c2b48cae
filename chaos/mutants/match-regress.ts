import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 16,
  name: "match-regress",
  about: "A late ack takes matchIndex back.",
  seenIn: "PySyncObj#167",
  patches: [
    {
      file: "src/raft/progress.ts",
      find: "if (index < this.matchIndex) return false;",
      replace: "",
    },
  ],
  detectors: ["MON"],
  arena: { kind: "sim" },
});
