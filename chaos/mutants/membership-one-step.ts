import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 48,
  name: "membership-one-step",
  about: "The voters are exchanged in one step, without a joint phase.",
  seenIn: "–",
  patches: [
    {
      file: "src/raft/membership.ts",
      find: "change.final = same(change.to.voters, membership.voters);",
      replace: "change.final = true;",
    },
  ],
  detectors: ["CFG", "ES", "LC", "QC", "SMS"],
  arena: { kind: "sim" },
});
