import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 43,
  name: "read-before-noop",
  about: "A new leader serves reads before it knows what earlier terms committed.",
  seenIn: "etcd#7331, tikv#6340, redisraft PR#22",
  patches: [
    {
      file: "src/raft/propose.ts",
      find: "const index = commitIndex > s.termStartIndex ? commitIndex : s.termStartIndex;",
      replace: "const index = commitIndex;",
    },
  ],
  detectors: ["RI", "LIN"],
  arena: { kind: "sim" },
});
