import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 34,
  name: "wiped-node-rejoins",
  about: "A node that lost its data votes and campaigns under its old id.",
  seenIn: "RethinkDB#5289",
  patches: [
    {
      file: "src/raft/raft.ts",
      find: "if (!s.config.mayVote) return onlyListen(s, m);",
      replace: "",
    },
    {
      file: "src/raft/election.ts",
      find: " && s.config.mayVote",
      replace: "",
    },
  ],
  detectors: ["VU", "LC", "QC", "SMS", "ES"],
  arena: {
    kind: "sim",
    nodes: { min: 3, max: 3 },
    episodes: ["wipe", "isolate", "leaderFalls", "slowDisk"],
  },
});
