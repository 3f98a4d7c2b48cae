import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 37,
  name: "snapshot-purged-is-conflict",
  about:
    "An append that begins in the compacted part of the log counts as a conflict: what follows is cut off.",
  seenIn: "openraft 44381b0c",
  patches: [
    {
      file: "src/raft/log.ts",
      find: "if (at <= this.compactedIndex) at = plus(this.compactedIndex, 1);",
      replace: `if (at <= this.compactedIndex) {
      at = plus(this.compactedIndex, 1);
      if (at <= last) return at;
    }`,
    },
    {
      file: "src/raft/log.ts",
      find: "assert(differs > this.commitIndex, `conflict at committed index ${differs}`);",
      replace: "",
    },
  ],
  detectors: ["LC", "ORD", "MON", "QC", "SMS", "DUR"],
  arena: { kind: "sim" },
});
