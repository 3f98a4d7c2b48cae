import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 63,
  name: "shard-config-skipped",
  about: "A group takes the newest config, and not each one in its turn.",
  seenIn: "6.5840 labs, 2024",
  patches: [
    {
      file: "src/kv/shard-kv.ts",
      find: "if (config.num === num + 1 && !this.#shards.isHeldUpBy(config))",
      replace: "if (config.num > num && !this.#shards.isHeldUpBy(config))",
    },
    {
      file: "src/client/shard-agent.ts",
      find: "const next = this.#options.controller.configAt(group.machine.config.num + 1);",
      replace: `const { config } = this.#options.controller;
    const next = config.num > group.machine.config.num ? config : null;`,
    },
  ],
  detectors: ["NUM", "LIVE", "ONE", "MOVED", "ASSERT"],
  arena: { kind: "sharded" },
});
