import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 62,
  name: "shard-dropped-unarrived",
  about: "An old owner deletes a shard as soon as it is frozen, before the new one has it.",
  seenIn: "6.5840 labs, 2024",
  patches: [
    {
      file: "src/kv/shard-copies.ts",
      find: `    copy.state = "frozen";
    return true;`,
      replace: `    this.copies[shard] = null;
    return true;`,
    },
  ],
  detectors: ["MOVED", "LIVE", "LIN"],
  arena: { kind: "sharded" },
});
