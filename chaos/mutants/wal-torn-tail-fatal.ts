import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 28,
  name: "wal-torn-tail-fatal",
  about: "A torn last record keeps the node from starting.",
  seenIn: "etcd#6378",
  patches: [
    {
      file: "src/storage/examine.ts",
      find: "if (stop.found.torn) return;",
      replace: "",
    },
  ],
  detectors: ["RESTART"],
  arena: { kind: "wal" },
});
