import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 13,
  name: "append-truncate-always",
  about: "A follower cuts its log at each AppendEntries, also behind entries that it holds.",
  seenIn: "raftos#26, openraft 9540c904",
  patches: [
    {
      file: "src/raft/log.ts",
      find: `const differs = this.#firstDifference(batch);
      if (differs === 0) continue;`,
      replace: `let differs = this.#firstDifference(batch);
      if (differs === 0 && batch.firstIndex > this.commitIndex) differs = batch.firstIndex;
      if (differs === 0) continue;`,
    },
  ],
  detectors: ["QC", "LC", "DUR"],
  arena: { kind: "sim" },
});
