import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 68,
  name: "shard-stuck-on-old-copy",
  about:
    "A group that has read a part of a shard insists on its place in that copy, after the node that it reads from has started anew.",
  seenIn: "Ordeal, by ordeal sim --sharded",
  patches: [
    {
      file: "src/kv/shard-kv.ts",
      find: "isSameCopy ? arriving.received : 0",
      replace: "isSameCopy || arriving !== null ? arriving.received : 0",
    },
  ],
  detectors: ["LIVE"],
  arena: { kind: "sharded" },
});
