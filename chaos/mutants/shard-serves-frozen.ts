import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 60,
  name: "shard-serves-frozen",
  about: "A group goes on to serve a shard that it has frozen, and that may be on its way.",
  seenIn: "6.5840 labs, 2024",
  patches: [
    {
      file: "src/kv/shard-copies.ts",
      find: 'return copy === null || copy.state === "frozen" ? null : copy;',
      replace: "return copy;",
    },
  ],
  detectors: ["LIN", "ONE", "MOVED", "CONV"],
  arena: { kind: "sharded" },
});
