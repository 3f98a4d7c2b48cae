import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 65,
  name: "shard-epoch-stays",
  about:
    "What a shard's replies tell as index does not grow when it moves: orders of one key, and session ids, collide.",
  seenIn: "–",
  patches: [
    {
      file: "src/kv/shard-copies.ts",
      find: "this.newCopy(num, store);",
      replace: "this.newCopy(1, store);",
    },
  ],
  detectors: ["ONE", "LIN"],
  arena: { kind: "sharded" },
});
