import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 32,
  name: "snapshot-term-regress",
  about: "A node that starts from a snapshot takes the snapshot's term for its own.",
  seenIn: "willemt#118",
  patches: [
    {
      file: "src/raft/restore.ts",
      find: "if (restored.snapshot !== null) startAfter(s, restored.snapshot);",
      replace: `if (restored.snapshot !== null) {
      startAfter(s, restored.snapshot);
      s.term = restored.batches.at(-1)?.term ?? restored.snapshot.lastTerm;
      s.votedFor = 0;
    }`,
    },
  ],
  detectors: ["MON", "VU", "ES"],
  arena: { kind: "sim" },
});
