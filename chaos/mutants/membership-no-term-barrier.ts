import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 47,
  name: "membership-no-term-barrier",
  about:
    "A leader changes the membership, by one server and without a joint phase, before an entry of its own term is committed.",
  seenIn: "raft-dev 2015, hydro#3192",
  patches: [
    {
      file: "src/raft/membership.ts",
      find: "if (s.log.commitIndex < maxIndex(s.termStartIndex, membershipIndex(s))) {",
      replace: "if (s.log.commitIndex < membershipIndex(s)) {",
    },
    {
      file: "src/raft/membership.ts",
      find: "if (s.log.commitIndex < maxIndex(s.termStartIndex, membershipIndex(s))) return;",
      replace: "if (s.log.commitIndex < membershipIndex(s)) return;",
    },
    {
      file: "src/raft/membership.ts",
      find: "change.final = same(change.to.voters, membership.voters);",
      replace: `const before = membership.voters;
  const after = change.to.voters;
  const removed = before.filter((id) => !after.includes(id)).length;
  change.final = removed + after.filter((id) => !before.includes(id)).length <= 1;`,
    },
  ],
  detectors: ["CFG", "LC", "SMS", "ES", "QC"],
  arena: { kind: "sim" },
});
