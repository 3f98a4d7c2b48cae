import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 9,
  name: "no-check-quorum",
  about:
    "A leader that nobody answers goes on as leader, and its heartbeats keep the others from electing.",
  seenIn: "openraft#2080",
  patches: [
    {
      file: "src/raft/election.ts",
      find: "if (hearsQuorum(s) && !diskStalls(s)) s.heartbeatDue = true;",
      replace: "if (!diskStalls(s)) s.heartbeatDue = true;",
    },
  ],
  detectors: ["LIVE"],
  arena: { kind: "partial", failure: "deafLeader" },
});
