import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 64,
  name: "shard-config-not-held-up",
  about: "A group takes a config by which it gives away what has not come to it yet.",
  seenIn: "6.5840 labs, 2024",
  patches: [
    {
      file: "src/kv/shard-kv.ts",
      find: "if (config.num === num + 1 && !this.#shards.isHeldUpBy(config))",
      replace: "if (config.num === num + 1)",
    },
  ],
  detectors: ["LIVE", "ONE", "MOVED", "ASSERT", "CRASH", "GONE", "LIN"],
  arena: { kind: "sharded" },
});
