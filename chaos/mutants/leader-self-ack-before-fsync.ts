import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 25,
  name: "leader-self-ack-before-fsync",
  about: "A leader counts its own copy before that is durable.",
  seenIn: "etcd#14370",
  patches: [
    {
      file: "src/raft/commit.ts",
      find: "id === s.id ? s.durableIndex",
      replace: "id === s.id ? s.log.lastIndex",
    },
  ],
  detectors: ["QC", "DUR", "ORC", "LC"],
  arena: { kind: "sim" },
});
