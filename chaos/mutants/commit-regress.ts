import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 15,
  name: "commit-regress",
  about: "A late message takes the commit index back.",
  seenIn: "PySyncObj#166",
  patches: [
    {
      file: "src/raft/log.ts",
      find: "if (index <= this.commitIndex) return;",
      replace: "",
    },
  ],
  detectors: ["MON"],
  arena: { kind: "sim" },
});
