import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 52,
  name: "learner-votes",
  about: "After a restart a node takes learners for voters.",
  seenIn: "openraft 39690593",
  patches: [
    {
      file: "src/raft/restore.ts",
      find: `  resetElectionTimer(s);
  return s;`,
      replace: `  const { voters, learners, votersOutgoing } = s.membership;
  const all = [...voters, ...learners].sort((a, b) => a - b);
  s.membership = { voters: all, learners: [], votersOutgoing };
  resetElectionTimer(s);
  return s;`,
    },
  ],
  detectors: ["CFG", "QC", "ES"],
  arena: { kind: "sim", episodes: ["membership", "crash", "blackout"] },
});
