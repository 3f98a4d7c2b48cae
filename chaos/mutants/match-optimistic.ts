import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 16,
  name: "match-optimistic",
  about: "What was sent counts as held.",
  seenIn: "raftos#25, CCF#6016",
  patches: [
    {
      file: "src/raft/progress.ts",
      find: "this.nextIndex = plus(last, 1);",
      replace: `this.nextIndex = plus(last, 1);
    this.matchIndex = last;`,
    },
  ],
  detectors: ["QC", "LC"],
  arena: { kind: "sim" },
});
