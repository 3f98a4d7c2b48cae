import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 7,
  name: "prevote-deadlock",
  about:
    "A node that campaigns itself refuses every pre-vote, so campaigns block each other for ever.",
  seenIn: "etcd#8243, etcd#8501, openraft#1796",
  patches: [
    {
      file: "src/raft/election.ts",
      find: "const granted = m.term > s.term && upToDate && !withholdsVote(s);",
      replace: `const free = s.role === "follower" || s.term === 0;
    const granted = m.term > s.term && upToDate && !withholdsVote(s) && free;`,
    },
  ],
  detectors: ["LIVE"],
  arena: { kind: "sim" },
});
