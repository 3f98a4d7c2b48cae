import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 30,
  name: "wal-async-aba",
  about: "A write that completes is taken for the entries that stand at its indexes now.",
  seenIn: "etcd-io/raft, asynchronous storage writes",
  patches: [
    {
      file: "src/raft/append.ts",
      find: "for (const write of s.pendingWrites) write.lastIndex = minIndex(write.lastIndex, kept);",
      replace: "",
    },
  ],
  detectors: ["DUR", "QC", "ASSERT"],
  arena: { kind: "sim" },
});
