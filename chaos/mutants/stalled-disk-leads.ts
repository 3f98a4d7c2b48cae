import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 31,
  name: "stalled-disk-leads",
  about: "A leader whose disk has stopped goes on as leader.",
  seenIn: "etcd#15247, etcd#12528",
  patches: [
    {
      file: "src/raft/election.ts",
      find: "if (hearsQuorum(s) && !diskStalls(s)) s.heartbeatDue = true;",
      replace: "if (hearsQuorum(s)) s.heartbeatDue = true;",
    },
  ],
  detectors: ["LIVE"],
  arena: { kind: "partial", failure: "stalledDisk" },
});
