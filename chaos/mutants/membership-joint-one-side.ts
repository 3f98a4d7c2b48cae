import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 49,
  name: "membership-joint-one-side",
  about: "In the joint phase a quorum of the new voters alone decides.",
  seenIn: "openraft 6c0ccaf3",
  patches: [
    {
      file: "src/raft/quorum.ts",
      find: "return Math.min(incoming, majorityValue(membership.votersOutgoing, valueOf));",
      replace: "return incoming;",
    },
  ],
  detectors: ["QC", "CFG", "ES", "LC"],
  arena: { kind: "sim" },
});
