import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 38,
  name: "snapshot-off-by-one",
  about: "After a restart from a snapshot the first entry behind it is left out.",
  seenIn: "willemt#118, RedisLabs/raft#47",
  patches: [
    {
      file: "src/raft/restore.ts",
      find: "s.committedTaken = s.appliedIndex = lastIndex;",
      replace: `s.appliedIndex = lastIndex;
  s.committedTaken = plus(lastIndex, 1);`,
    },
  ],
  detectors: ["SMS", "CONV", "ORD", "LIVE"],
  arena: { kind: "sim" },
});
