import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 40,
  name: "snapshot-before-fsync",
  about: "A snapshot counts as installed before it is durable.",
  seenIn: "redisraft#654",
  patches: [
    {
      file: "src/replica/snapshots.ts",
      find: "else receiving.receiver.finish((problem) => this.#received(receiving, problem));",
      replace: `else {
        this.#received(receiving, null);
        receiving.receiver.finish(() => {});
      }`,
    },
  ],
  detectors: ["DUR", "ORD", "LC", "QC"],
  arena: { kind: "sim" },
});
