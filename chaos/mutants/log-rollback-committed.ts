import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 21,
  name: "log-rollback-committed",
  about: "A node that enters a new term drops the entries that it does not know to be committed.",
  seenIn: "NuRaft#185, CCF#5674",
  patches: [
    {
      file: "src/raft/log.ts",
      find: "  /** Advances commitIndex;",
      replace: `  rollback(): void {
    this.#truncateFrom(plus(this.commitIndex, 1));
  }

  /** Advances commitIndex;`,
    },
    {
      file: "src/raft/state.ts",
      find: "if (term > s.term) {",
      replace: `if (term > s.term) {
    s.log.rollback();
    const { lastIndex } = s.log;
    s.persistFrom = Math.min(s.persistFrom, lastIndex + 1);
    s.durableIndex = Math.min(s.durableIndex, lastIndex);
    for (const write of s.pendingWrites) write.lastIndex = Math.min(write.lastIndex, lastIndex);`,
    },
  ],
  detectors: ["LC", "QC", "DUR", "SMS"],
  arena: { kind: "sim" },
});
