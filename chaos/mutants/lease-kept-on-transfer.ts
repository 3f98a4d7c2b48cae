import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 46,
  name: "lease-kept-on-transfer",
  about: "A lease outlives the transfer of leadership that lets another node be elected early.",
  seenIn: "nebula#2723",
  patches: [
    {
      file: "src/raft/lease.ts",
      find: "s.timeoutNowSent || ",
      replace: "",
    },
  ],
  detectors: ["RI", "LIN", "LEASE"],
  arena: {
    kind: "sim",
    nodes: { min: 5, max: 5 },
    episodes: ["transfer", "loss", "delay", "isolate"],
    config: { leaseReads: true, homeShare: 1, clients: 12 },
  },
});
