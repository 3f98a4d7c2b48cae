import { defineMutant, REPEATED_VOTES } from "../../src/chaos/mutant.ts";

// Pre-votes would keep a candidate with an old log from ever asking; so they do not look at logs
// here.
export default defineMutant({
  row: 6,
  name: "vote-stored-is-grant",
  about: "A vote that was stored counts as granted, although the candidate's log was refused.",
  seenIn: "openraft#1220",
  patches: [
    {
      file: "src/raft/election.ts",
      find: "const granted = m.term > s.term && upToDate && !withholdsVote(s);",
      replace: "const granted = m.term > s.term && !withholdsVote(s);",
    },
    {
      file: "src/raft/election.ts",
      find: `const granted = m.term === s.term && free && upToDate && allowed && s.role === "follower";`,
      replace: `const may = m.term === s.term && free && allowed && s.role === "follower";
  const granted = may && (upToDate || s.votedFor === m.from);
  if (may && !granted) {
    s.votedFor = m.from;
    s.hardStateChanged = true;
  }`,
    },
  ],
  detectors: ["LC", "SMS"],
  arena: {
    kind: "sim",
    nodes: { min: 3, max: 3 },
    config: REPEATED_VOTES,
  },
});
