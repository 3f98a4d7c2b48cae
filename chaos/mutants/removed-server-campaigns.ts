import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 50,
  name: "removed-server-campaigns",
  about: "A node that is no voter campaigns.",
  seenIn: "raft-rs#221",
  patches: [
    {
      file: "src/raft/election.ts",
      find: "mayBeVoter(s) && s.config",
      replace: "s.config",
    },
  ],
  detectors: ["CFG", "LIVE", "ASSERT"],
  arena: { kind: "sim", episodes: ["membership", "leaderFalls", "isolate"] },
});
