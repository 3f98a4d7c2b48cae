import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 6,
  name: "vote-stored-is-grant",
  about: "A vote that was stored counts as granted, although the candidate's log was refused.",
  seenIn: "openraft#1220",
  patches: [
    {
      file: "src/raft/election.ts",
      find: `const granted = m.term === s.term && free && upToDate && s.role === "follower";`,
      replace: `const stored = s.votedFor === m.from;
  const granted = m.term === s.term && free && (upToDate || stored) && s.role === "follower";
  if (!granted && free && m.term === s.term && s.role === "follower") {
    s.votedFor = m.from;
    s.hardStateChanged = true;
  }`,
    },
  ],
  detectors: ["LC", "SMS"],
  arena: { kind: "sim" },
});
