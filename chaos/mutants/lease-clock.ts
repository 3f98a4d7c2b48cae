import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 46,
  name: "lease-clock",
  about: "A lease is counted from when the answers arrive, not from when the heartbeats left.",
  seenIn: "tikv#964, tikv#1593",
  patches: [
    {
      file: "src/raft/lease.ts",
      find: "s.leaseStart = at;",
      replace: "s.leaseStart = s.now;",
    },
  ],
  detectors: ["RI", "LIN", "LEASE"],
  arena: { kind: "partial", failure: "lateAnswers" },
});
