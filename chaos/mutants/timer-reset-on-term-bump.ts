import { defineMutant } from "../../src/chaos/mutant.ts";

// In liferaft any higher term put the election timer back. Pre-votes keep terms from rising here,
// so what puts it back is the refused request itself.
export default defineMutant({
  row: 8,
  name: "timer-reset-on-term-bump",
  about: "A refused campaign puts off one's own election.",
  seenIn: "liferaft",
  patches: [
    {
      file: "src/raft/election.ts",
      find: "  if (m.pre) {",
      replace: `  if (m.pre) {
    resetElectionTimer(s);`,
    },
  ],
  detectors: ["LIVE"],
  arena: { kind: "partial", failure: "deafCampaigners" },
});
