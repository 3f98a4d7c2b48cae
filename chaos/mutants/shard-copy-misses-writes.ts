import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 67,
  name: "shard-copy-misses-writes",
  about: "A shard is copied while it is served, and what is written meanwhile stays behind.",
  seenIn: "–",
  patches: [
    {
      file: "src/kv/shard-stream.ts",
      find: "    this.#changed.restore(bytes, view, keyAt, keyBytes, 0, 1);",
      replace: "    bytes.length;",
    },
  ],
  detectors: ["MOVED", "LIN", "LIVE"],
  arena: { kind: "sharded" },
});
