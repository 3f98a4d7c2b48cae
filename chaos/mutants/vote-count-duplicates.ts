import { defineMutant, REPEATED_VOTES } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 3,
  name: "vote-count-duplicates",
  about: "Votes are counted, not gathered in a set: a repeated reply counts twice.",
  seenIn: "akka-raft#45",
  patches: [
    {
      file: "src/raft/election.ts",
      find: "s.votes.set(m.from, m.granted);",
      replace: `const again = m.granted && s.votes.get(m.from) === true;
  const other = s.membership.voters.find((id) => s.votes.get(id) !== true);
  s.votes.set(again && other !== undefined ? other : m.from, m.granted);`,
    },
  ],
  detectors: ["ES", "LC"],
  arena: {
    kind: "sim",
    nodes: { min: 5, max: 7 },
    config: REPEATED_VOTES,
  },
});
