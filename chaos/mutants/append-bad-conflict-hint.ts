import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 19,
  name: "append-bad-conflict-hint",
  about: "A rejected probe is repeated at the same index, for ever.",
  seenIn: "openraft 6d53aa12",
  patches: [
    {
      file: "src/raft/progress.ts",
      find: "this.nextIndex = maxIndex(minIndex(rejected, plus(agree, 1)), plus(this.matchIndex, 1));",
      replace: "this.nextIndex = maxIndex(plus(rejected, 1), plus(this.matchIndex, 1));",
    },
  ],
  detectors: ["LIVE", "CONV"],
  arena: { kind: "sim" },
});
