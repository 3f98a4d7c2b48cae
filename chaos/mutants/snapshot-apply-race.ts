import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 40,
  name: "snapshot-apply-race",
  about: "Entries are applied while a snapshot takes the place of the state.",
  seenIn: "openraft eed681d5, redisraft#654",
  patches: [
    {
      file: "src/raft/ready.ts",
      find: " || s.installing !== null",
      replace: "",
    },
  ],
  detectors: ["SMS", "CONV", "ORD", "MON", "ASSERT"],
  arena: { kind: "sim" },
});
