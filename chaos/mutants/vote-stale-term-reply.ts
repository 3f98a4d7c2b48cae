import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 4,
  name: "vote-stale-term-reply",
  about: "A vote of an older term counts in the present one.",
  seenIn: "akka-raft#46, xraft#33",
  patches: [
    {
      file: "src/raft/raft.ts",
      find: "} else if (m.term < s.term) {",
      replace: `} else if (m.term < s.term && m.kind !== "voteResponse") {`,
    },
    {
      file: "src/raft/election.ts",
      find: "if (m.granted && m.term !== (m.pre ? s.term + 1 : s.term)) return; // Of an older campaign.",
      replace: "",
    },
  ],
  detectors: ["ES", "LC"],
  arena: {
    kind: "sim",
    nodes: { min: 3, max: 3 },
    episodes: ["leaderFalls", "tails"],
    config: {
      electionTimeoutMinMs: 60,
      heartbeatIntervalMs: 15,
      snapshotEveryBytes: 0,
      link: {
        cut: false,
        loss: 0.02,
        delayMs: 3,
        jitterMs: 10,
        duplicate: 0,
        reorder: 0.3,
        reorderWithinMs: 300,
      },
    },
  },
});
