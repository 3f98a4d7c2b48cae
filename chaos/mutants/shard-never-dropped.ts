import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 66,
  name: "shard-never-dropped",
  about: "New owners do not tell old ones that a shard has arrived: what moved is kept for ever.",
  seenIn: "6.5840 labs, 2024",
  patches: [
    {
      file: "src/client/shard-agent.ts",
      find: "if (drop !== undefined) this.#drop(",
      replace: "if (drop !== undefined && group.group === 0) this.#drop(",
    },
  ],
  detectors: ["LIVE", "GONE"],
  arena: { kind: "sharded" },
});
