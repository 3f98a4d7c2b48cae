import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 39,
  name: "snapshot-no-data",
  about: "An installed snapshot moves the index, but not the state.",
  seenIn: "NodeDB#162, redisraft#43",
  patches: [
    {
      file: "src/replica/snapshots.ts",
      find: "restore.finish();",
      replace: "",
    },
  ],
  detectors: ["SMS", "CONV", "LIN"],
  arena: { kind: "sim" },
});
