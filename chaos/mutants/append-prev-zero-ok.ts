import { defineMutant } from "../../src/chaos/mutant.ts";

export default defineMutant({
  row: 18,
  name: "append-prev-zero-ok",
  about:
    "A leader that has compacted the entry before anchors an append at index 0, which every follower accepts.",
  seenIn: "willemt#118, RedisLabs/raft#148",
  patches: [
    {
      file: "src/raft/append.ts",
      find: `startSnapshot(s, progress);
`,
      replace: `progress.nextIndex = plus(compactedIndex, 1);
      progress.fromZero = true;
`,
    },
    {
      file: "src/raft/append.ts",
      find: `const prevIndex = plus(progress.nextIndex, -1);
  const prevTerm = asTerm(s.log.termAt(prevIndex));`,
      replace: `const prevIndex = progress.fromZero ? asIndex(0) : plus(progress.nextIndex, -1);
  const prevTerm = asTerm(progress.fromZero ? 0 : s.log.termAt(prevIndex));
  progress.fromZero = false;`,
    },
  ],
  detectors: ["LM", "ASSERT", "SMS"],
  arena: { kind: "sim" },
});
