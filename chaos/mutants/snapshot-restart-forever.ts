import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 41,
  name: "snapshot-restart-forever",
  about: "A transfer begins anew with each newer snapshot.",
  seenIn: "NuRaft#118",
  patches: [
    {
      file: "src/raft/append.ts",
      find: "askForChunks(s, to, progress.sending);",
      replace: `const newest = s.snapshot?.lastIndex ?? 0;
      if (newest > progress.sending.meta.lastIndex) startSnapshot(s, progress);
      askForChunks(s, to, progress.sending);`,
    },
  ],
  detectors: ["LIVE"],
  arena: { kind: "partial", failure: "catchUp" },
});
