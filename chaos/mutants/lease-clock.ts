import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 46,
  name: "lease-clock",
  about: "A lease is counted from when the answers arrive, not from when the heartbeats left.",
  seenIn: "tikv#964, tikv#1593",
  patches: [
    {
      file: "src/raft/lease.ts",
      find: "s.leaseStart = at;",
      replace: "s.leaseStart = s.now;",
    },
  ],
  detectors: ["RI", "LIN", "LEASE"],
  arena: {
    kind: "sim",
    nodes: { min: 3, max: 3 },
    episodes: ["isolate"],
    config: {
      leaseReads: true,
      homeShare: 1,
      clients: 12,
      electionTimeoutMinMs: 60,
      heartbeatIntervalMs: 15,
      link: {
        cut: false,
        loss: 0,
        delayMs: 1,
        jitterMs: 3,
        duplicate: 0.5,
        reorder: 0.7,
        reorderWithinMs: 300,
      },
    },
  },
});
