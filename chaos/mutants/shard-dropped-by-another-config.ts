import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 63,
  name: "shard-dropped-by-another-config",
  about:
    "A drop counts whatever config it belongs to: one that is repeated late deletes what has come back since.",
  seenIn: "6.5840 labs, 2024",
  patches: [
    {
      file: "src/kv/shard-copies.ts",
      find: 'if (copy === null || copy.state === "serving" || copy.num !== num) return true;',
      replace: 'if (copy === null || copy.state === "serving") return true;',
    },
  ],
  detectors: ["MOVED", "LIVE", "LIN"],
  arena: { kind: "sharded" },
});
